// A worker whose training is SIMULATED: it sleeps. Outbox, queue, claims, progress, loss curves, checkpoint rows and statuses are the
// service's own.
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@styleforge/config';
import { createDatabase, type Database } from '@styleforge/database';
import { createConsumer, createQueues, queueConnectionOf, startOutboxPublisher } from '@styleforge/queue';
import { createLogger } from '@styleforge/telemetry';
import { simulationOf } from './simulation.ts';

const config = loadConfig();
const { jobsAtATime, steps, stepMs } = simulationOf(process.argv.slice(2));
if (!config.databaseUrl) throw new Error('DATABASE_URL: is missing');
const log = createLogger({ name: 'simulated-worker', level: 'warn' });
const database = createDatabase(config.databaseUrl, { maxConnections: 5 });
const connection = queueConnectionOf(config);
const queues = await createQueues(connection, log);
const publisher = await startOutboxPublisher({ database, queues, log });
const consumer = await createConsumer(connection, {
  name: 'train',
  concurrency: jobsAtATime,
  log,
  handle: ({ jobId }) => simulateTraining(database, jobId),
});

process.on('SIGTERM', () => {
  void (async () => {
    await consumer.close(5_000);
    await publisher.stop();
    process.exit(0);
  })();
});
process.send?.('ready');

/** Writes what a real worker writes during a job, without computing anything. */
async function simulateTraining({ trainingJobs, metrics, checkpoints }: Database, jobId: string): Promise<'finished'> {
  const job = await trainingJobs.claim(jobId);
  if (!job) return 'finished';
  await trainingJobs.start(jobId, job.attempt);
  await sleep(steps * stepMs);
  const points = Array.from({ length: steps }, (_, index) => ({
    step: index + 1,
    loss: 1 / (index + 1),
    style_ref_loss: 1 / (index + 1),
    aux_loss: null,
    grad_norm: 1,
    learning_rate: 1e-5,
  }));
  const { step, ...last } = points.at(-1) ?? { step: 0, loss: 0, style_ref_loss: 0, aux_loss: null, grad_norm: 0, learning_rate: 0 };
  await trainingJobs.updateProgress(jobId, job.attempt, { step, of: steps, ...last, samples_per_second: 1_000 / stepMs, eta_seconds: 0 });
  await metrics.record(jobId, points);
  const files = Array.from({ length: 12 }, (_, index) => ({
    path: `unet/part-${index}.safetensors`,
    size: 1 << 28,
    sha256: 'a'.repeat(64),
  }));
  const checkpoint = await checkpoints.record({
    projectId: job.projectId,
    jobId,
    step,
    objectPrefix: `projects/${job.projectId}/simulated/${jobId}/`,
    files,
  });
  await trainingJobs.setStatus(jobId, {
    from: ['running'],
    to: 'succeeded',
    attempt: job.attempt,
    result: { final_step: step, checkpoint_id: checkpoint.id },
  });
  return 'finished';
}
