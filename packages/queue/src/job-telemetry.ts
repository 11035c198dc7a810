// Traces and metrics of a job on its way through the queue.
import { beginSpan, type Metrics, type Origin, withOrigin, withSpan } from '@styleforge/telemetry';
import type { Job } from 'bullmq';

export interface AttemptPlan {
  job: Job;
  queue: string;
  origin: Origin | undefined;
  metrics: Metrics | undefined;
}

/** Records the spans of messages from their row's commit to the queue. Returns what to store in the payload of each message. */
export async function traceOutbox(
  queue: string,
  messages: { key: string; createdAt: Date; origin: Origin | undefined }[],
  send: (origins: Origin[]) => Promise<void>,
): Promise<void> {
  const spans = messages.map(({ key, createdAt, origin }) =>
    beginSpan(`outbox ${queue}`, {
      kind: 'PRODUCER',
      startTime: createdAt.getTime(),
      traceparent: origin?.traceparent,
      attributes: { 'styleforge.job.id': key },
    }),
  );
  const origins = messages.map(({ origin }, index) => {
    const { traceparent } = spans[index] ?? {};
    return { ...origin, ...(traceparent && { traceparent }) };
  });
  try {
    await send(origins);
    for (const span of spans) span.end();
  } catch (error) {
    for (const span of spans) span.end({ error });
    throw error;
  }
}

/** Runs one attempt at a job as a child of the request's trace, with its duration and count as metrics. */
export async function observeAttempt<Outcome extends string>(
  { job, queue, origin = {}, metrics }: AttemptPlan,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const attributes = { 'styleforge.job.id': job.id ?? '', 'styleforge.attempt': job.attemptsMade + 1 };
  const isFirst = job.attemptsStarted <= 1;
  if (isFirst) {
    metrics?.observe('styleforge_queue_wait_seconds', { queue }, Math.max(0, Date.now() - job.timestamp) / 1_000);
    beginSpan(`queue ${queue}`, { startTime: job.timestamp, traceparent: origin.traceparent, attributes }).end();
  }
  const start = performance.now();
  const finish = (outcome: string) =>
    metrics?.observe('styleforge_job_duration_seconds', { queue, outcome }, (performance.now() - start) / 1_000);
  metrics?.change('styleforge_jobs_running', { queue }, 1);
  try {
    const outcome = await withOrigin(origin, () => withSpan(`job ${queue}`, { kind: 'CONSUMER', attributes }, work));
    finish(outcome);
    return outcome;
  } catch (error) {
    finish('failed');
    throw error;
  } finally {
    metrics?.change('styleforge_jobs_running', { queue }, -1);
  }
}
