// POST /v1/api-keys
import { createApiKeyRequest, createdApiKey } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentApiKey } from '../../../presenters/api-keys.ts';
import { apiKeyUrl } from '../../../presenters/links.ts';

export function createApiKeyRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'createApiKey',
    tags: ['API keys'],
    summary: 'Create an API key',
    description: 'Creates a key for the project of the calling key. The new key is only in this response.',
    security,
    body: createApiKeyRequest,
    response: {
      201: createdApiKey,
      ...problemResponses('invalid_request', 'validation_failed', 'idempotency_in_progress', 'idempotency_key_reused'),
    },
  };
  app.post('/api-keys', { schema, config: { scope: 'admin', idempotent: 'secret' } }, async (request, reply) => {
    const { name, scopes, expires_at } = request.body;
    const expiresAt = expires_at ? new Date(expires_at) : null;
    if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
      const detail = 'must be in the future';
      throw new ApiError('validation_failed', `/expires_at: ${detail}`, [{ pointer: '/expires_at', detail }]);
    }
    const id = newId('apiKey', request.reservedUuid);
    const { key, row } = await database.apiKeys.create(request.caller.projectId, name, scopes, { id, expiresAt });
    return reply
      .code(201)
      .headers({ location: apiKeyUrl(id), 'cache-control': 'no-store' })
      .send({ ...presentApiKey(row), key });
  });
}
