// Webhooks: endpoints, the events they receive, and the log of deliveries (Standard Webhooks).
import { z } from 'zod';
import { webhookDeliveryId, webhookId } from '../common/ids.ts';
import { pageOf, timestamp } from '../common/pages.ts';
import { WORKER_EVENTS, WORKER_SILENT_SECONDS } from '../machines/workers.ts';

/** Events that a job's `webhook_url` can receive. */
export const JOB_WEBHOOK_EVENTS = [
  'training_job.queued',
  'training_job.validating',
  'training_job.running',
  'training_job.evaluating',
  'training_job.paused',
  'training_job.succeeded',
  'training_job.failed',
  'training_job.cancelled',
] as const;

/** Events that an endpoint can receive. */
export const WEBHOOK_EVENTS = [
  ...JOB_WEBHOOK_EVENTS,
  'generation.succeeded',
  'generation.failed',
  'evaluation.succeeded',
  'evaluation.failed',
  'evaluation.cancelled',
  'study.finished',
  'model.created',
  'model.version_created',
  'model.deleted',
  ...WORKER_EVENTS,
] as const;
export type JobWebhookEvent = (typeof JOB_WEBHOOK_EVENTS)[number];
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];
/** Type of the event that is only sent on request. */
export const TEST_EVENT = 'webhook.test';

export function isWebhookEvent(type: string): type is WebhookEvent {
  return (WEBHOOK_EVENTS as readonly string[]).includes(type);
}

/** Hours for which the old secret continues to sign after a rotation. */
export const OLD_SECRET_HOURS = 24;

/** Refuses the other ports below 1024, on which services other than web servers listen, such as mail and remote shells. */
export function isWebhookPort({ port }: { port: string }): boolean {
  return ['', '80', '443'].includes(port) || Number(port) > 1023;
}

export const webhookUrl = z
  .url({ protocol: /^https?$/, message: 'must be an http or https URL' })
  .max(2000)
  .refine((text) => !URL.canParse(text) || new URL(text).username + new URL(text).password === '', 'must not carry a user name or password')
  .refine((text) => !URL.canParse(text) || isWebhookPort(new URL(text)), 'must use port 80, 443 or a port above 1023');

const subscription = {
  url: webhookUrl.describe(
    'Where events are POSTed to. Redirects are not followed; private, loopback and link-local addresses are ' +
      'refused, and ports below 1024 other than 80 and 443',
  ),
  events: z
    .array(z.enum(WEBHOOK_EVENTS))
    .min(1)
    .max(WEBHOOK_EVENTS.length)
    .refine((events) => new Set(events).size === events.length, 'must name each event once')
    .meta({ uniqueItems: true })
    .describe(
      `${'`worker.*`'}: a worker of the installation is online, draining, drained, stopping, stopped or lost ` +
        `(silent for ${WORKER_SILENT_SECONDS} seconds)`,
    ),
};

export const createWebhookRequest = z.strictObject(subscription).meta({
  id: 'CreateWebhookRequest',
  examples: [{ url: 'https://example.com/hooks/styleforge', events: ['training_job.succeeded', 'training_job.failed'] }],
});

export const updateWebhookRequest = z
  .strictObject({
    url: subscription.url.optional(),
    events: subscription.events.optional(),
    enabled: z
      .boolean()
      .optional()
      .describe('false: no further events until it is true again; events of the time between are not sent later'),
  })
  .refine((body) => Object.keys(body).length > 0, 'must name at least one field')
  .meta({ id: 'UpdateWebhookRequest', minProperties: 1, examples: [{ events: ['training_job.failed'] }] });

export const webhook = z
  .object({
    id: webhookId,
    url: z.string(),
    events: z.array(z.enum(WEBHOOK_EVENTS)),
    made_by: z
      .enum(['api', 'training_job'])
      .describe('`training_job`: the endpoint was created by the `webhook_url` of a job, and receives only events of jobs that name it'),
    status: z
      .enum(['enabled', 'disabled'])
      .describe(
        'Whether the endpoint is disabled, which happens after days of failures or when it responds with 410. A ' +
          'successful test enables it again',
      ),
    disabled_reason: z.string().nullable(),
    failing_since: timestamp.nullable(),
    old_secret_expires_at: timestamp.nullable().describe('Time until which both secrets sign deliveries'),
    created_at: timestamp,
  })
  .meta({ id: 'Webhook' });
export type WebhookBody = z.infer<typeof webhook>;

export const webhookWithSecret = webhook
  .extend({ secret: z.string().describe('`whsec_...`, shown only once') })
  .meta({ id: 'WebhookWithSecret', description: 'The webhook with its secret' });
export const webhookPage = pageOf(webhook, 'WebhookPage');

const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

export const webhookDelivery = z
  .object({
    id: webhookDeliveryId.describe('Value of the header `webhook-id`, the same in every attempt'),
    webhook_id: webhookId,
    event: z.string(),
    status: z.enum(DELIVERY_STATUSES).describe('`pending` until the event has arrived, or attempts have failed for a day'),
    attempts: z.int(),
    response_status: z.int().nullable().describe('Status of the last response of the endpoint'),
    response_body: z.string().nullable().describe('The first 1,024 bytes of that response as text; null without a response'),
    error: z.string().nullable().describe('Why the last attempt failed'),
    payload: z.record(z.string(), z.unknown()),
    created_at: timestamp,
    last_attempt_at: timestamp.nullable(),
    delivered_at: timestamp.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDeliveryBody = z.infer<typeof webhookDelivery>;
export const webhookDeliveryPage = pageOf(webhookDelivery, 'WebhookDeliveryPage');
