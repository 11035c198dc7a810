// Rows of workers as response bodies.
import { workerStatusOf } from '@styleforge/contracts';
import type { WorkerBody } from '@styleforge/contracts';
import type { WorkerRow } from '@styleforge/database';

/** `own`: the ids that the caller may see. */
export function presentWorker(row: WorkerRow, own: ReadonlySet<string>): WorkerBody {
  return {
    id: row.id,
    status: workerStatusOf(row),
    host: row.host,
    pid: row.pid,
    device: { kind: row.device, name: row.deviceName, memory_bytes: row.deviceMemoryBytes },
    versions: { styleforge: row.version, node: row.nodeVersion, platform: row.platform },
    queues: row.queues,
    jobs: row.running.map(({ queue, id, since }) => ({ queue, id: own.has(id) ? id : null, since })),
    started_at: row.startedAt.toISOString(),
    last_seen_at: row.lastSeenAt.toISOString(),
    drain_requested_at: row.drainRequestedAt?.toISOString() ?? null,
    stopped_at: row.stoppedAt?.toISOString() ?? null,
  };
}
