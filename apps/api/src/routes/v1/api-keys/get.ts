// GET /v1/api-keys/{id}
import { apiKey, apiKeyId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentApiKey } from '../../../presenters/api-keys.ts';

export function getApiKeyRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getApiKey',
    tags: ['API keys'],
    summary: 'Read an API key',
    description: 'The response has an ETag. With `If-None-Match`, the response for an unchanged one is 304.',
    security,
    params: z.object({ id: apiKeyId }),
    response: { 200: apiKey, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/api-keys/:id', { schema, config: { scope: 'admin' } }, async (request, reply) => {
    const { id } = request.params;
    const row = await database.apiKeys.find(request.caller.projectId, id);
    if (row === null) throw notFound('API key', id);
    const body = presentApiKey(row);
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}
