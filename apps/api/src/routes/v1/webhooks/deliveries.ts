// GET /v1/webhooks/{id}/deliveries
import { pageQuery, webhookDeliveryId, webhookDeliveryPage, webhookId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentPage } from '../../../presenters/pages.ts';
import { presentDelivery } from '../../../presenters/webhooks.ts';

export function listDeliveriesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listWebhookDeliveries',
    tags: ['webhooks'],
    summary: 'List the deliveries to an endpoint, newest first',
    security,
    params: z.object({ id: webhookId }),
    querystring: pageQuery(webhookDeliveryId),
    response: { 200: webhookDeliveryPage, ...problemResponses('not_found', 'validation_failed') },
  };
  app.get('/webhooks/:id/deliveries', { schema }, async (request) => {
    const {
      caller: { projectId },
      params: { id },
      query,
    } = request;
    if ((await database.webhooks.find(projectId, id)) === null) throw notFound('webhook', id);
    return presentPage(await database.webhooks.deliveries(projectId, id, query), presentDelivery);
  });
}
