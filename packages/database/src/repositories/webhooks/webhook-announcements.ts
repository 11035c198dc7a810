// Announces events to webhook endpoints: one delivery for each endpoint that subscribes to the event, in the transaction of the event.
import { FINISHED_JOB_STATUSES, isWebhookEvent } from '@styleforge/contracts';
import type { WebhookEvent } from '@styleforge/contracts';
import { newId } from '../../new-id.ts';
import type { JsonInput, PrismaClient, Transaction } from '../../prisma-types.ts';
import { addOutboxMessage } from '../work/outbox.ts';

type Client = Transaction | PrismaClient;
type NewDelivery = { projectId: string; webhookId: string; eventType: string; data: Record<string, JsonInput | null> };

/** Announces an event of a job. `logType` is the type in the job's event log, such as job.succeeded; other types are not announced. */
export async function announceJob(client: Client, jobId: string, logType: string): Promise<void> {
  const eventType = logType.replace(/^job\./, 'training_job.');
  if (!isWebhookEvent(eventType)) return;
  const endpoints = await client.$queryRaw<{ id: string }[]>`
    select webhook.id from training_jobs job join webhooks webhook on webhook.project_id = job.project_id
    where job.id = ${jobId} and webhook.disabled_at is null and (${eventType} = any(webhook.events)
      or (webhook.url = job.webhook_url and (job.webhook_events = '{}' or ${eventType} = any(job.webhook_events))))
    order by webhook.id`;
  if (endpoints.length === 0) return;
  const { projectId, status, metadata, error, result } = await client.trainingJob.findUniqueOrThrow({ where: { id: jobId } });
  const path = `/v1/training-jobs/${jobId}`;
  const links = { self: path, events: `${path}/events`, checkpoints: `${path}/checkpoints` };
  const data = { id: jobId, object: 'training_job', status, metadata, error, result, links };
  for (const { id } of endpoints) await addDelivery(client, { projectId, webhookId: id, eventType, data });
}

export async function announceGeneration(client: Client, generationId: string, status: string): Promise<void> {
  const eventType = `generation.${status}`;
  if (!isWebhookEvent(eventType)) return;
  const { projectId, error } = await client.generation.findUniqueOrThrow({ where: { id: generationId } });
  const links = { self: `/v1/images/generations/${generationId}` };
  const endpoints = await client.webhook.findMany({
    where: { projectId, disabledAt: null, events: { has: eventType } },
    select: { id: true },
  });
  const data = { id: generationId, object: 'generation', status, error, links };
  for (const { id } of endpoints) await addDelivery(client, { projectId, webhookId: id, eventType, data });
}

/** Announces the end of an evaluation, separate or part of a training job. */
export async function announceEvaluation(client: Client, id: string, status: string): Promise<void> {
  const eventType = `evaluation.${status}`;
  if (!isWebhookEvent(eventType)) return;
  const { projectId, trainingJobId, error } = await client.evaluation.findUniqueOrThrow({ where: { id } });
  const self = `/v1/evaluations/${id}`;
  const data = { id, object: 'evaluation', status, training_job_id: trainingJobId, error, links: { self, report: `${self}/report` } };
  await announce(client, { projectId, eventType, data });
}

/**
 * Announces the end of a study after a job has ended: a study ends with the last of its jobs. Of two jobs that end at once, the second sees
 * both.
 */
export async function announceStudyOf(client: Client, jobId: string): Promise<void> {
  const [study] = await client.$queryRaw<{ id: string; name: string; project_id: string }[]>`
    select study.id, study.name, study.project_id from studies study join training_jobs job on job.study_id = study.id
    where job.id = ${jobId} for no key update of study`;
  if (!study) return;
  const where = { studyId: study.id, status: { notIn: [...FINISHED_JOB_STATUSES] } };
  if ((await client.trainingJob.count({ where })) > 0) return;
  const { id, name, project_id: projectId } = study;
  await client.study.update({ where: { id }, data: { finishedAt: new Date() } });
  const data = { id, object: 'study', status: 'finished', name, links: { self: `/v1/studies/${id}` } };
  await announce(client, { projectId, eventType: 'study.finished', data });
}

async function announce(client: Client, delivery: Omit<NewDelivery, 'webhookId'> & { eventType: WebhookEvent }): Promise<void> {
  const { projectId, eventType } = delivery;
  const where = { projectId, disabledAt: null, events: { has: eventType } };
  for (const { id } of await client.webhook.findMany({ where, select: { id: true } }))
    await addDelivery(client, { ...delivery, webhookId: id });
}

/** Announces a change to a model of the registry. */
export async function announceModel(
  client: Client,
  { id, projectId, name }: { id: string; projectId: string; name: string },
  eventType: WebhookEvent,
  details: { version?: number } = {},
): Promise<void> {
  const endpoints = await client.webhook.findMany({
    where: { projectId, disabledAt: null, events: { has: eventType } },
    select: { id: true },
  });
  const data = { id, object: 'model', name, ...details, links: { self: `/v1/models/${name}` } };
  for (const endpoint of endpoints) await addDelivery(client, { projectId, webhookId: endpoint.id, eventType, data });
}

/** Announces a change of a worker, which every project may see. `state`: its new state (`worker_state` of the database). */
export async function announceWorker(
  client: Client,
  { id, host, device }: { id: string; host: string; device: string },
  state: string,
): Promise<void> {
  const eventType = `worker.${state}`;
  if (!isWebhookEvent(eventType)) return;
  const data = { id, object: 'worker', status: state, host, device, links: { self: `/v1/workers/${id}` } };
  const endpoints = await client.webhook.findMany({
    where: { disabledAt: null, events: { has: eventType } },
    select: { id: true, projectId: true },
  });
  for (const { id: webhookId, projectId } of endpoints) await addDelivery(client, { projectId, webhookId, eventType, data });
}

/** Adds a delivery and returns its id. The body is stored, so that every attempt sends the same. */
export async function addDelivery(client: Client, { projectId, webhookId, eventType, data }: NewDelivery): Promise<string> {
  const id = newId('webhookDelivery');
  const payload = { type: eventType, timestamp: new Date().toISOString(), data };
  await client.webhookDelivery.create({ data: { id, projectId, webhookId, eventType, payload } });
  await addOutboxMessage(client, { topic: 'webhook', key: id, payload: { deliveryId: id }, projectId });
  return id;
}
