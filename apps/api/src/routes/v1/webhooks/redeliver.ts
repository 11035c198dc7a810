// POST /v1/webhooks/{id}/deliveries/{delivery_id}/redeliver
import { webhookDelivery, webhookDeliveryId, webhookId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentDelivery } from '../../../presenters/webhooks.ts';

export function redeliverWebhookRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'redeliverWebhook',
    tags: ['webhooks'],
    summary: 'Send an event again',
    description:
      'Sends the same body and `webhook-id`, and repeats failed attempts for a day. A delivery that is still in progress is not changed.',
    security,
    params: z.object({ id: webhookId, delivery_id: webhookDeliveryId }),
    response: { 202: webhookDelivery, ...problemResponses('not_found', 'idempotency_in_progress', 'idempotency_key_reused') },
  };
  app.post('/webhooks/:id/deliveries/:delivery_id/redeliver', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { id, delivery_id: deliveryId } = request.params;
    const delivery = await database.webhooks.redeliver(request.caller.projectId, id, deliveryId);
    if (delivery === null) throw notFound('delivery', deliveryId);
    return reply.code(202).send(presentDelivery(delivery));
  });
}
