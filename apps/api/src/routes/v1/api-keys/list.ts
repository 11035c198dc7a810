// GET /v1/api-keys
import { apiKeyId, apiKeyPage, pageQuery } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentApiKey } from '../../../presenters/api-keys.ts';
import { presentPage } from '../../../presenters/pages.ts';

export function listApiKeysRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listApiKeys',
    tags: ['API keys'],
    summary: 'List API keys, newest first',
    description: 'Lists the keys of the project, including revoked ones.',
    security,
    querystring: pageQuery(apiKeyId),
    response: { 200: apiKeyPage, ...problemResponses('validation_failed') },
  };
  app.get('/api-keys', { schema, config: { scope: 'admin' } }, async (request) => {
    const page = await database.apiKeys.list(request.caller.projectId, request.query);
    return presentPage(page, presentApiKey);
  });
}
