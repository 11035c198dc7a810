// Rows of webhook endpoints and deliveries as response bodies.
import type { WebhookBody, WebhookDeliveryBody } from '@styleforge/contracts';
import type { WebhookDeliveryRow, WebhookRow } from '@styleforge/database';

export function presentWebhook(row: WebhookRow): WebhookBody {
  const { previousSecretExpiresAt: expires } = row;
  return {
    id: row.id,
    url: row.url,
    events: row.events,
    made_by: row.madeByJob ? 'training_job' : 'api',
    status: row.disabledAt === null ? 'enabled' : 'disabled',
    disabled_reason: row.disabledReason,
    failing_since: row.failingSince?.toISOString() ?? null,
    old_secret_expires_at: expires !== null && expires > new Date() ? expires.toISOString() : null,
    created_at: row.createdAt.toISOString(),
  };
}

export function presentDelivery(row: WebhookDeliveryRow): WebhookDeliveryBody {
  return {
    id: row.id,
    webhook_id: row.webhookId,
    event: row.eventType,
    status: row.status,
    attempts: row.attempts,
    response_status: row.responseStatus,
    response_body: row.responseBody,
    error: row.error,
    payload: row.payload as WebhookDeliveryBody['payload'],
    created_at: row.createdAt.toISOString(),
    last_attempt_at: row.lastAttemptAt?.toISOString() ?? null,
    delivered_at: row.deliveredAt?.toISOString() ?? null,
  };
}
