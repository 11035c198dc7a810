// GET /v1/base-models
import { baseModelList } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';

export function listBaseModelsRoute(app: ApiServer, { baseModels }: ApiDependencies): void {
  const schema = {
    tags: ['base models'],
    summary: 'The base models that this installation can train',
    security,
    response: { 200: baseModelList, ...problemResponses() },
  };
  app.get('/base-models', { schema }, async () => {
    const entries = await baseModels.list();
    return { data: entries.map(({ body }) => body) };
  });
}
