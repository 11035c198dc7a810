// PATCH /v1/webhooks/{id}
import { updateWebhookRequest, webhook, webhookId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError, notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentWebhook } from '../../../presenters/webhooks.ts';
import { checkWebhookUrl } from '../../../services/operations/webhook-urls.ts';

export function updateWebhookRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'updateWebhook',
    tags: ['webhooks'],
    summary: 'Change the URL or the events of a webhook endpoint, or switch it off and on',
    description: 'Omitted fields stay as they are, and so does the secret.',
    security,
    params: z.object({ id: webhookId }),
    body: updateWebhookRequest,
    response: { 200: webhook, ...problemResponses('invalid_request', 'not_found', 'validation_failed', 'webhook_exists') },
  };
  app.patch('/webhooks/:id', { schema }, async ({ caller, params: { id }, body }) => {
    const errors = body.url === undefined ? [] : checkWebhookUrl(dependencies, '/url', body.url);
    if (errors[0]) throw new ApiError('validation_failed', `/url ${errors[0].detail}`, errors);
    const outcome = await dependencies.database.webhooks.update(caller.projectId, id, body);
    if (outcome === 'not_found') throw notFound('webhook', id);
    if (outcome === 'url_taken') throw new ApiError('webhook_exists', `The project has a webhook to ${body.url} already.`);
    return presentWebhook(outcome);
  });
}
