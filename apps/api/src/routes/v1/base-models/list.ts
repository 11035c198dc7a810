// GET /v1/base-models
import { baseModelName, baseModelPage, pageQuery } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';

export function listBaseModelsRoute(app: ApiServer, { baseModels }: ApiDependencies): void {
  const schema = {
    operationId: 'listBaseModels',
    tags: ['base models'],
    summary: 'List the base models that this installation can train, by name',
    security,
    querystring: pageQuery(baseModelName),
    response: { 200: baseModelPage, ...problemResponses('validation_failed') },
  };
  app.get('/base-models', { schema }, async (request) => {
    const { limit, after = '' } = request.query;
    const later = (await baseModels.list()).filter(({ body }) => body.name > after);
    const data = later.slice(0, limit).map(({ body }) => body);
    return { data, has_more: later.length > limit, next: later.length > limit ? (data.at(-1)?.name ?? null) : null };
  });
}
