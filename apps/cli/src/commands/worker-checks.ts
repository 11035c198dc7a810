// What the newest jobs tell of the workers: whether one is at work, and on which device.
import type { StyleForge, TrainingJob } from '@styleforge/sdk';
import { formatTime } from '../terminal/output.ts';
import type { Check } from './doctor-check.ts';

const RECENT_JOBS = 100;
/** A worker that trains tells so every ten seconds, and an idle one takes a job at once. */
const SILENT_MS = 120_000;

export async function workerChecks(client: StyleForge): Promise<Check[]> {
  const { data: jobs } = await client.trainingJobs.list({ limit: RECENT_JOBS });
  return [workerCheck(jobs), deviceCheck(jobs)];
}

function workerCheck(jobs: TrainingJob[]): Check {
  const busy = jobs.filter(isUnderWay);
  const stuck = jobs.filter((job) => (job.status === 'queued' && isOld(job.updated_at)) || (job.status === 'running' && !isUnderWay(job)));
  if (busy.length > 0) return { name: 'worker', status: 'ok', detail: `jobs under way: ${busy.length}` };
  if (stuck.length > 0) {
    const remedy =
      'Start a worker (`npm start`, or apps/worker) and look into worker.log: without its DEVICE it does not start. Where other projects train, the job may await its turn.';
    return { name: 'worker', status: 'failed', detail: `jobs that no worker has moved for two minutes: ${stuck.length}`, remedy };
  }
  const heard = lastHeartbeat(jobs);
  if (heard)
    return { name: 'worker', status: 'ok', detail: `nothing to do; ${heard.host}:${heard.pid} was at work ${formatTime(heard.at)}` };
  return { name: 'worker', status: 'skipped', detail: 'no training job has run yet' };
}

const isOld = (time: string): boolean => Date.now() - Date.parse(time) > SILENT_MS;

function isUnderWay({ status, heartbeat, updated_at }: TrainingJob): boolean {
  if (status === 'running') return !isOld(heartbeat?.at ?? updated_at);
  return status === 'validating' || status === 'evaluating' || status === 'pausing';
}

function deviceCheck(jobs: TrainingJob[]): Check {
  const ended = jobs.find(({ finished_at }) => finished_at !== null);
  if (ended?.error?.code === 'device_unavailable') {
    const remedy = 'The device named by DEVICE is gone or too small: set DEVICE=cpu, or install its driver, and start the worker again.';
    return { name: 'device', status: 'failed', detail: `${ended.id}: ${ended.error.message}`, remedy };
  }
  const heard = lastHeartbeat(jobs);
  return heard
    ? { name: 'device', status: 'ok', detail: `${heard.device}, of the worker ${heard.host}:${heard.pid}` }
    : { name: 'device', status: 'skipped', detail: 'known once a training job has run' };
}

function lastHeartbeat(jobs: TrainingJob[]): TrainingJob['heartbeat'] {
  const beats = jobs.flatMap(({ heartbeat }) => heartbeat ?? []);
  return beats.sort((a, b) => Date.parse(b.at) - Date.parse(a.at))[0] ?? null;
}
