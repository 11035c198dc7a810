// Rows of workers as response bodies.
import { workerStatusOf } from '@styleforge/contracts';
import type { CardReadingBody, WorkerBody } from '@styleforge/contracts';
import type { CardReading, WorkerRow } from '@styleforge/database';

/** `own`: the ids that the caller may see. */
export function presentWorker(row: WorkerRow, own: ReadonlySet<string>): WorkerBody {
  const status = workerStatusOf(row);
  // the last readings of a stopped worker say nothing about its cards now
  const cards = status === 'lost' ? null : row.cards;
  return {
    id: row.id,
    status,
    host: row.host,
    pid: row.pid,
    device: { kind: row.device, name: row.deviceName, memory_bytes: row.deviceMemoryBytes, cards: cards?.map(presentCard) ?? null },
    versions: { styleforge: row.version, node: row.nodeVersion, platform: row.platform },
    queues: row.queues,
    jobs: row.running.map(({ queue, id, since }) => ({ queue, id: own.has(id) ? id : null, since })),
    started_at: row.startedAt.toISOString(),
    last_seen_at: row.lastSeenAt.toISOString(),
    drain_requested_at: row.drainRequestedAt?.toISOString() ?? null,
    stopped_at: row.stoppedAt?.toISOString() ?? null,
  };
}

const presentCard = ({ temperatureCelsius, loadPercent, powerWatts, memoryUsedBytes }: CardReading): CardReadingBody => ({
  temperature_celsius: temperatureCelsius,
  load_percent: loadPercent,
  power_watts: powerWatts,
  memory_used_bytes: memoryUsedBytes,
});
