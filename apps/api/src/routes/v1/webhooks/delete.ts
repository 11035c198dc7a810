// DELETE /v1/webhooks/{id}
import { webhookId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';

export function deleteWebhookRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'deleteWebhook',
    tags: ['webhooks'],
    summary: 'Delete a webhook endpoint with its log of deliveries',
    security,
    params: z.object({ id: webhookId }),
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found') },
  };
  app.delete('/webhooks/:id', { schema }, async (request, reply) => {
    if (!(await database.webhooks.delete(request.caller.projectId, request.params.id))) throw notFound('webhook', request.params.id);
    return reply.code(204).send();
  });
}
