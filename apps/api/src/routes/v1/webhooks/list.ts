// GET /v1/webhooks
import { pageQuery, webhookId, webhookPage } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentPage } from '../../../presenters/pages.ts';
import { presentWebhook } from '../../../presenters/webhooks.ts';

export function listWebhooksRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listWebhooks',
    tags: ['webhooks'],
    summary: 'List webhook endpoints, newest first',
    security,
    querystring: pageQuery(webhookId),
    response: { 200: webhookPage, ...problemResponses('validation_failed') },
  };
  app.get('/webhooks', { schema }, async (request) =>
    presentPage(await database.webhooks.list(request.caller.projectId, request.query), presentWebhook),
  );
}
