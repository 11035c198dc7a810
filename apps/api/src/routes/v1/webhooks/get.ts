// GET /v1/webhooks/{id}
import { webhook, webhookId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentWebhook } from '../../../presenters/webhooks.ts';

export function getWebhookRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getWebhook',
    tags: ['webhooks'],
    summary: 'Read a webhook endpoint',
    security,
    params: z.object({ id: webhookId }),
    response: { 200: webhook, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/webhooks/:id', { schema }, async (request, reply) => {
    const row = await database.webhooks.find(request.caller.projectId, request.params.id);
    if (row === null) throw notFound('webhook', request.params.id);
    const body = presentWebhook(row);
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}
