// POST /v1/api-keys/{id}/revoke
import { apiKey, apiKeyId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentApiKey } from '../../../presenters/api-keys.ts';

export function revokeApiKeyRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'revokeApiKey',
    tags: ['API keys'],
    summary: 'Revoke an API key',
    description: 'Revokes the key immediately and permanently. Repeating the request changes nothing.',
    security,
    params: z.object({ id: apiKeyId }),
    response: { 200: apiKey, ...problemResponses('not_found', 'idempotency_in_progress', 'idempotency_key_reused') },
  };
  app.post('/api-keys/:id/revoke', { schema, config: { scope: 'admin', idempotent: true } }, async (request) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const row = await database.apiKeys.revoke(id, projectId);
    if (row === null) throw notFound('API key', id);
    return presentApiKey(row);
  });
}
