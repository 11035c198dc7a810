// POST /v1/webhooks
import { createWebhookRequest, webhookWithSecret } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { webhookUrlOf } from '../../../presenters/links.ts';
import { presentWebhook } from '../../../presenters/webhooks.ts';
import { checkWebhookUrl } from '../../../services/operations/webhook-urls.ts';

export function createWebhookRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'createWebhook',
    tags: ['webhooks'],
    summary: 'Create a webhook endpoint',
    description: 'The service POSTs events in the format of Standard Webhooks. The secret that signs them is only in this response.',
    security,
    body: createWebhookRequest,
    response: {
      201: webhookWithSecret,
      ...problemResponses('invalid_request', 'validation_failed', 'webhook_exists', 'idempotency_in_progress', 'idempotency_key_reused'),
    },
  };
  app.post('/webhooks', { schema, config: { idempotent: 'secret' } }, async (request, reply) => {
    const {
      caller: { projectId },
      body: { url, events },
      reservedUuid,
    } = request;
    const errors = checkWebhookUrl(dependencies, '/url', url);
    if (errors[0]) throw new ApiError('validation_failed', `/url ${errors[0].detail}`, errors);
    const row = await dependencies.database.webhooks.create({ id: newId('webhook', reservedUuid), projectId, url, events });
    if (row === null) throw new ApiError('webhook_exists', `The project already has a webhook to ${url}.`);
    return reply
      .code(201)
      .headers({ location: webhookUrlOf(row.id), 'cache-control': 'no-store' })
      .send({ ...presentWebhook(row), secret: row.secret });
  });
}
