// POST /v1/webhooks/{id}/test
import { webhookDelivery, webhookId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentDelivery } from '../../../presenters/webhooks.ts';

export function testWebhookRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'testWebhook',
    tags: ['webhooks'],
    summary: 'Send an event of type webhook.test',
    description: 'Sends one attempt; the list of deliveries shows the result. If the event arrives, a disabled endpoint is enabled again.',
    security,
    params: z.object({ id: webhookId }),
    response: { 202: webhookDelivery, ...problemResponses('not_found', 'idempotency_in_progress', 'idempotency_key_reused') },
  };
  app.post('/webhooks/:id/test', { schema, config: { idempotent: true } }, async (request, reply) => {
    const delivery = await database.webhooks.test(request.caller.projectId, request.params.id);
    if (delivery === null) throw notFound('webhook', request.params.id);
    return reply.code(202).send(presentDelivery(delivery));
  });
}
