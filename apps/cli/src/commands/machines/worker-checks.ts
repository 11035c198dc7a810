// Checks that workers are alive and serve every queue, and shows their devices.
import type { QueueReport, StyleForge, Worker } from '@styleforge/sdk';
import { formatTime } from '../../terminal/output.ts';
import type { Check } from './doctor-check.ts';
import { deviceOf } from './workers.ts';

const START =
  'Start a worker (`npm start`, or apps/worker) and read worker.log. A worker does not start if its DEVICE, its ' +
  'database or its object store is missing.';
const LIVE: Worker['status'][] = ['idle', 'working'];

export async function workerChecks(client: StyleForge): Promise<Check[]> {
  const [{ data: workers }, { queues }] = await Promise.all([client.workers.list({ limit: 100 }), client.system.queue()]);
  return [workerCheck(workers), queueCheck(queues), deviceCheck(workers), ...versionCheck(workers)];
}

const at = ({ host, pid }: Worker): string => `${host}:${pid}`;

function workerCheck(workers: Worker[]): Check {
  const live = workers.filter(({ status }) => LIVE.includes(status));
  const lost = workers.filter(({ status }) => status === 'lost');
  const drained = workers.filter(({ status }) => ['draining', 'drained', 'stopping'].includes(status));
  const [silent] = lost;
  if (live.length > 0) {
    const working = live.filter(({ status }) => status === 'working').length;
    const missing = silent ? `; ${lost.length} lost, such as ${at(silent)}, last seen ${formatTime(silent.last_seen_at)}` : '';
    return { name: 'worker', status: 'ok', detail: `${live.length} live, ${working} at work${missing}` };
  }
  const [idle] = drained;
  if (idle) {
    const remedy = `\`styleforge workers undrain ${idle.id}\` lets it take jobs again.`;
    return { name: 'worker', status: 'failed', detail: `all ${drained.length} live workers are drained or stopping`, remedy };
  }
  if (silent)
    return {
      name: 'worker',
      status: 'failed',
      detail: `no worker is alive; ${at(silent)} was last seen ${formatTime(silent.last_seen_at)}`,
      remedy: START,
    };
  return { name: 'worker', status: 'failed', detail: 'no worker is alive', remedy: START };
}

function queueCheck(queues: QueueReport['queues']): Check {
  const unserved = queues.filter(({ workers }) => workers === 0).map(({ queue, waiting }) => `${queue} (${waiting} waiting)`);
  if (unserved.length === 0) return { name: 'queues', status: 'ok', detail: queues.map(({ queue }) => queue).join(', ') };
  const remedy = 'Start a worker whose WORKER_QUEUES includes them, or one without WORKER_QUEUES.';
  return { name: 'queues', status: 'failed', detail: `no worker serves ${unserved.join(', ')}`, remedy };
}

function deviceCheck(workers: Worker[]): Check {
  const live = workers.filter(({ status }) => status !== 'lost');
  if (live.length === 0) return { name: 'device', status: 'skipped', detail: 'no worker is alive' };
  const shown = live.slice(0, 3).map((worker) => `${deviceOf(worker)} of ${at(worker)}`);
  const rest = live.length > 3 ? ` and ${live.length - 3} more` : '';
  return { name: 'device', status: 'ok', detail: `${shown.join('; ')}${rest}` };
}

/** Check of the worker versions; omitted if all are the same. */
function versionCheck(workers: Worker[]): Check[] {
  const versions = new Set(workers.filter(({ status }) => LIVE.includes(status)).map((worker) => worker.versions.styleforge));
  if (versions.size < 2) return [];
  return [{ name: 'versions', status: 'ok', detail: `workers of ${[...versions].sort().join(' and ')}: an update is under way` }];
}
