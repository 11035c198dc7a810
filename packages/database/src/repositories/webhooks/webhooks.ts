// Webhook endpoints with their secrets, and the log of their deliveries.
import { randomBytes } from 'node:crypto';
import { OLD_SECRET_HOURS, TEST_EVENT } from '@styleforge/contracts';
import type { DeliveryStatus, WebhookEvent } from '@styleforge/contracts';
import type { Webhook, WebhookDelivery } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';
import { addOutboxMessage } from '../work/outbox.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';
import { addDelivery } from './webhook-announcements.ts';

export type WebhookRow = Omit<Webhook, 'events'> & { events: WebhookEvent[] };
export type WebhookChange = { url?: string | undefined; events?: WebhookEvent[] | undefined; enabled?: boolean | undefined };
export type WebhookDeliveryRow = Omit<WebhookDelivery, 'status'> & { status: DeliveryStatus };
export type NewWebhook = { id?: string | undefined; projectId: string; url: string; events: WebhookEvent[] };
/** A delivery to attempt now, with the secrets that sign it, newest first. */
export type DeliveryAttempt = { delivery: WebhookDeliveryRow; url: string; secrets: string[]; disabled: boolean };
export type DeliveryResponse = { status: number; body: string };
export type AttemptFailure = {
  response: DeliveryResponse | null;
  error: string;
  /** Whether no further attempt follows. */
  final: boolean;
  /** When the endpoint is disabled: now, or if it has failed since before this time. */
  disable: 'now' | { failingSince: Date };
};

const SECRET_BYTES = 32;
const HOUR_MS = 3_600_000;

export function createWebhookRepository(prisma: PrismaClient) {
  return {
    /**
     * Creates an endpoint. Null if the project already has one with this URL; an endpoint that a job created becomes the caller's, with a
     * new secret.
     */
    async create({ id = newId('webhook'), projectId, url, events }: NewWebhook): Promise<WebhookRow | null> {
      return prisma.$transaction(async (transaction) => {
        await transaction.$queryRaw`select id from projects where id = ${projectId} for no key update`;
        const existing = await transaction.webhook.findUnique({ where: { projectId_url: { projectId, url } } });
        if (existing?.id === id) return toRow(existing);
        if (existing && !existing.madeByJob) return null;
        const values = { events, secret: newSecret(), madeByJob: false };
        if (existing) return toRow(await transaction.webhook.update({ where: { id: existing.id }, data: values }));
        return toRow(await transaction.webhook.create({ data: { id, projectId, url, ...values } }));
      });
    },

    async find(projectId: string, id: string): Promise<WebhookRow | null> {
      const row = await prisma.webhook.findUnique({ where: { id, projectId } });
      return row && toRow(row);
    },

    async list(projectId: string, page: PageRequest): Promise<RowPage<WebhookRow>> {
      const { where, ...rest } = pageArguments(page);
      return toPage((await prisma.webhook.findMany({ ...rest, where: { ...where, projectId } })).map(toRow), page.limit);
    },

    async delete(projectId: string, id: string): Promise<boolean> {
      return (await prisma.webhook.deleteMany({ where: { id, projectId } })).count > 0;
    },

    async update(projectId: string, id: string, { url, events, enabled }: WebhookChange): Promise<WebhookRow | 'not_found' | 'url_taken'> {
      return prisma.$transaction(async (transaction) => {
        await lockWebhook(transaction, id);
        const row = await transaction.webhook.findUnique({ where: { id, projectId } });
        if (row === null) return 'not_found';
        if (url !== undefined && (await transaction.webhook.count({ where: { projectId, url, id: { not: id } } })) > 0) return 'url_taken';
        const on = { disabledAt: null, disabledReason: null, failingSince: null };
        const off = { disabledAt: row.disabledAt ?? new Date(), disabledReason: row.disabledReason ?? 'switched off' };
        const state = enabled === undefined ? {} : enabled ? on : off;
        return toRow(
          await transaction.webhook.update({ where: { id }, data: { ...(url && { url }), ...(events && { events }), ...state } }),
        );
      });
    },

    /** Replaces the secret; the old one also signs for a while. */
    async rotateSecret(projectId: string, id: string): Promise<WebhookRow | null> {
      const previousSecretExpiresAt = new Date(Date.now() + OLD_SECRET_HOURS * HOUR_MS);
      await prisma.$executeRaw`
        update webhooks set previous_secret = secret, previous_secret_expires_at = ${previousSecretExpiresAt}, secret = ${newSecret()}
        where id = ${id} and project_id = ${projectId}`;
      return this.find(projectId, id);
    },

    /** Creates a test delivery, also for a disabled endpoint. Null if there is none. */
    async test(projectId: string, id: string): Promise<WebhookDeliveryRow | null> {
      return prisma.$transaction(async (transaction) => {
        if ((await transaction.webhook.findUnique({ where: { id, projectId } })) === null) return null;
        const deliveryId = await addDelivery(transaction, {
          projectId,
          webhookId: id,
          eventType: TEST_EVENT,
          data: { id, object: 'webhook', links: { self: `/v1/webhooks/${id}` } },
        });
        return toDeliveryRow(await transaction.webhookDelivery.findUniqueOrThrow({ where: { id: deliveryId } }));
      });
    },

    /**
     * Sends the same event with the same id again, with attempts for a day. A delivery that is still under way does not change. Null if
     * there is none.
     */
    async redeliver(projectId: string, webhookId: string, id: string): Promise<WebhookDeliveryRow | null> {
      return prisma.$transaction(async (transaction) => {
        const { count } = await transaction.webhookDelivery.updateMany({
          where: { id, webhookId, projectId, status: { not: 'pending' } },
          data: { status: 'pending', error: null, deliveredAt: null },
        });
        if (count > 0) await addOutboxMessage(transaction, { topic: 'webhook', key: id, payload: { deliveryId: id }, projectId });
        const row = await transaction.webhookDelivery.findUnique({ where: { id, webhookId, projectId } });
        return row && toDeliveryRow(row);
      });
    },

    async deliveries(projectId: string, webhookId: string, page: PageRequest): Promise<RowPage<WebhookDeliveryRow>> {
      const { where, ...rest } = pageArguments(page);
      return toPage(
        (await prisma.webhookDelivery.findMany({ ...rest, where: { ...where, projectId, webhookId } })).map(toDeliveryRow),
        page.limit,
      );
    },

    /** Counts an attempt and returns the delivery; null if there is nothing left to deliver. */
    async takeDelivery(id: string): Promise<DeliveryAttempt | null> {
      const { count } = await prisma.webhookDelivery.updateMany({
        where: { id, status: 'pending' },
        data: { attempts: { increment: 1 }, lastAttemptAt: new Date() },
      });
      if (count === 0) return null;
      const { webhook, ...delivery } = await prisma.webhookDelivery.findUniqueOrThrow({ where: { id }, include: { webhook: true } });
      const { previousSecret, previousSecretExpiresAt } = webhook;
      const old =
        previousSecret !== null && previousSecretExpiresAt !== null && previousSecretExpiresAt > new Date() ? [previousSecret] : [];
      return {
        delivery: toDeliveryRow(delivery),
        url: webhook.url,
        secrets: [webhook.secret, ...old],
        disabled: webhook.disabledAt !== null,
      };
    },

    /** Records a successful delivery. Only a test, which a person requested, enables an endpoint again. */
    async recordSuccess({ id, webhookId, eventType }: WebhookDeliveryRow, response: DeliveryResponse): Promise<void> {
      const enabled = eventType === TEST_EVENT ? { disabledAt: null, disabledReason: null } : {};
      await prisma.$transaction(async (transaction) => {
        await lockWebhook(transaction, webhookId);
        await transaction.webhookDelivery.updateMany({
          where: { id },
          data: { status: 'delivered', ...columnsOf(response), error: null, deliveredAt: new Date() },
        });
        await transaction.webhook.updateMany({ where: { id: webhookId }, data: { failingSince: null, ...enabled } });
      });
    },

    /** Records a failed attempt. Returns whether the endpoint has been disabled by it. */
    async recordFailure({ id, webhookId }: WebhookDeliveryRow, { response, error, final, disable }: AttemptFailure): Promise<boolean> {
      return prisma.$transaction(async (transaction) => {
        await lockWebhook(transaction, webhookId);
        await transaction.webhookDelivery.updateMany({
          where: { id },
          data: { ...columnsOf(response), error, ...(final && { status: 'failed' }) },
        });
        await transaction.webhook.updateMany({ where: { id: webhookId, failingSince: null }, data: { failingSince: new Date() } });
        const worn = disable === 'now' ? {} : { failingSince: { lte: disable.failingSince } };
        const { count } = await transaction.webhook.updateMany({
          where: { id: webhookId, disabledAt: null, ...worn },
          data: { disabledAt: new Date(), disabledReason: error },
        });
        return count > 0;
      });
    },
  };
}

const columnsOf = (response: DeliveryResponse | null) => ({
  responseStatus: response?.status ?? null,
  responseBody: response?.body ?? null,
});

/** The endpoint for a job's `webhook_url`: the project's endpoint with that URL, or a new one that receives events of such jobs only. */
export async function ensureWebhook(transaction: Transaction, projectId: string, url: string): Promise<void> {
  const data = { id: newId('webhook'), projectId, url, events: [], secret: newSecret(), madeByJob: true };
  await transaction.webhook.createMany({ data, skipDuplicates: true });
}

const newSecret = () => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/** Locks the endpoint before the row of a delivery. A deletion locks in the same order, so that neither waits for the other. */
async function lockWebhook(transaction: Transaction, id: string): Promise<void> {
  await transaction.$queryRaw`select 1 from webhooks where id = ${id} for no key update`;
}

function toRow(row: Webhook): WebhookRow {
  return { ...row, events: row.events as WebhookEvent[] };
}

function toDeliveryRow(row: WebhookDelivery): WebhookDeliveryRow {
  return { ...row, status: row.status as DeliveryStatus };
}
