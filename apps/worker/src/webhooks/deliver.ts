// Makes one attempt at a delivery: signs, posts and records it. The queue repeats it with growing delays for a day.
import { createAddressPolicy, type FlowConfig, ForbiddenAddressError } from '@styleforge/config';
import { TEST_EVENT } from '@styleforge/contracts';
import type { Database, DeliveryAttempt, DeliveryResponse } from '@styleforge/database';
import { type JobContext, type JobOutcome, PermanentJobError } from '@styleforge/queue';
import type { Logger } from '../logger.ts';
import { AnswerTimeoutError, post } from './post.ts';
import { signedHeaders } from './sign.ts';

export interface WebhookServices {
  database: Pick<Database, 'webhooks'>;
  webhooks: FlowConfig['webhooks'];
  log: Logger;
}

const DAY_MS = 86_400_000;
const GONE = 410;
/** The same body would be too large again. */
const TOO_LARGE = 413;

export async function deliverWebhook(
  deliveryId: string,
  context: Pick<JobContext, 'isLastAttempt'>,
  services: WebhookServices,
): Promise<JobOutcome> {
  const {
    database: { webhooks },
    log,
    webhooks: settings,
  } = services;
  const attempt = await webhooks.takeDelivery(deliveryId);
  if (!attempt) return 'finished';
  const { delivery } = attempt;
  const result = await send(attempt, services);
  if (result.ok) {
    await webhooks.recordSuccess(delivery, result.response);
    log.info({ deliveryId, attempt: delivery.attempts, status: result.response.status }, 'webhook delivered');
    return 'finished';
  }
  const final = context.isLastAttempt || result.hopeless || delivery.eventType === TEST_EVENT;
  const failingSince = new Date(Date.now() - settings.disableAfterDays * DAY_MS);
  const disable = result.response?.status === GONE ? ('now' as const) : { failingSince };
  const disabled = await webhooks.recordFailure(delivery, { response: result.response, error: result.error, final, disable });
  if (disabled) log.warn({ webhookId: delivery.webhookId, reason: result.error }, 'webhook endpoint disabled');
  const message = `webhook delivery ${deliveryId}: ${result.error}`;
  throw final ? new PermanentJobError(message) : new Error(message);
}

type Result = { ok: true; response: DeliveryResponse } | { ok: false; response: DeliveryResponse | null; error: string; hopeless: boolean };

async function send({ delivery, url, secrets, disabled }: DeliveryAttempt, { webhooks: settings, log }: WebhookServices): Promise<Result> {
  if (disabled && delivery.eventType !== TEST_EVENT)
    return { ok: false, response: null, error: 'the endpoint is disabled', hopeless: true };
  const body = JSON.stringify(withAbsoluteLinks(delivery.payload, settings.publicUrl));
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'StyleForge-Webhooks/1',
    ...signedHeaders(secrets, delivery.id, new Date(), body),
  };
  try {
    const response = await post(new URL(url), {
      headers,
      body,
      mayReach: createAddressPolicy(settings.allowedNetworks),
      timeoutMs: settings.timeoutSeconds * 1_000,
    });
    const { status } = response;
    if (status >= 200 && status < 300) return { ok: true, response };
    return { ok: false, response, error: describe(status), hopeless: status === GONE || status === TOO_LARGE };
  } catch (error) {
    log.info({ err: error, deliveryId: delivery.id }, 'webhook not delivered');
    // One message for all causes, so that callers do not learn which names and addresses exist in the internal network.
    const shown = error instanceof AnswerTimeoutError ? error.message : 'the endpoint is not reachable';
    return { ok: false, response: null, error: shown, hopeless: error instanceof ForbiddenAddressError };
  }
}

function describe(status: number): string {
  if (status >= 300 && status < 400) return `the endpoint responded with ${status}: redirects are not followed`;
  if (status === GONE) return 'the endpoint responded with 410: it no longer exists';
  if (status === TOO_LARGE) return 'the endpoint responded with 413: it accepts no body of this size';
  return `the endpoint responded with ${status}`;
}

/** Links are paths unless the installation knows its own address. */
function withAbsoluteLinks(payload: unknown, publicUrl: string | undefined): unknown {
  const { data, ...event } = payload as { data: { links: Record<string, string> } };
  if (publicUrl === undefined) return payload;
  const links = Object.entries(data.links).map(([name, path]) => [name, publicUrl.replace(/\/$/, '') + path]);
  return { ...event, data: { ...data, links: Object.fromEntries(links) as Record<string, string> } };
}
