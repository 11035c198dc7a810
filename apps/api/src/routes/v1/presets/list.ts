// GET /v1/presets
import { baseModelProfile, presetList, presetQuery, presetsOf } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';

export function listPresetsRoute(app: ApiServer, { baseModels }: ApiDependencies): void {
  const schema = {
    operationId: 'listPresets',
    tags: ['training jobs'],
    summary: 'List the starting points for a training',
    description:
      'Lists the presets quick look, balanced, thorough, low memory and paper. Each is the set of fields that it ' +
      'changes in the body of POST /v1/training-jobs, ' +
      'computed for a base model and a method.',
    security,
    querystring: presetQuery,
    response: { 200: presetList, ...problemResponses('not_found', 'validation_failed', 'unusable_base_model') },
  };
  app.get('/presets', { schema }, async ({ query: { base_model: name, method } }) => {
    if (name === undefined) return { data: presetsOf(baseModelProfile.parse({}), method) };
    const baseModel = await baseModels.find(name);
    if (baseModel === null) throw notFound('base model', name);
    return { data: presetsOf(baseModel.profile, method) };
  });
}
