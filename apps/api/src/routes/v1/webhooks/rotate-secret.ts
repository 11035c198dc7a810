// POST /v1/webhooks/{id}/rotate-secret
import { OLD_SECRET_HOURS, webhookId, webhookWithSecret } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentWebhook } from '../../../presenters/webhooks.ts';

export function rotateWebhookSecretRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'rotateWebhookSecret',
    tags: ['webhooks'],
    summary: "Replace an endpoint's secret",
    description:
      `For ${OLD_SECRET_HOURS} hours \`webhook-signature\` contains a signature by each of the two secrets. Also ` +
      `use this to obtain the secret of an endpoint that a job's \`webhook_url\` created.`,
    security,
    params: z.object({ id: webhookId }),
    response: { 200: webhookWithSecret, ...problemResponses('not_found', 'idempotency_in_progress', 'idempotency_key_reused') },
  };
  app.post('/webhooks/:id/rotate-secret', { schema, config: { idempotent: 'secret' } }, async (request, reply) => {
    const row = await database.webhooks.rotateSecret(request.caller.projectId, request.params.id);
    if (row === null) throw notFound('webhook', request.params.id);
    return reply.header('cache-control', 'no-store').send({ ...presentWebhook(row), secret: row.secret });
  });
}
