// Streams a job's events as server-sent events until the job ends, the caller leaves or loses access, or the API stops.
import { setTimeout as sleep } from 'node:timers/promises';
import { FINISHED_JOB_STATUSES, isFinishedJob } from '@styleforge/contracts';
import type { JobEventRow } from '@styleforge/database';
import type { FastifyReply } from 'fastify';
import type { ApiDependencies } from '../../dependencies.ts';
import type { Caller } from '../../http/api-server.ts';
import { presentEvent } from '../../presenters/training-jobs.ts';
import { KEEP_ALIVE_MS, sendEventStream } from './send-event-stream.ts';

const BATCH = 200;

/** A client whose stream ends early reconnects with the last id that it received. */
export type EventStream = { jobId: string; after: number; caller: Caller };

/** Log events carry their sequence number as id; progress is sent when it changes, without an id because it is not stored. */
export function streamEvents(dependencies: ApiDependencies, stream: EventStream, reply: FastifyReply): FastifyReply {
  return sendEventStream(dependencies, stream.caller, reply, (signal) => followEvents(dependencies, stream, signal));
}

async function* followEvents(
  { database, projectEvents }: ApiDependencies,
  { jobId, after }: EventStream,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const change = new Change();
  const unfollow = await projectEvents.followJob(jobId, change.note);
  try {
    let last = after;
    let lastProgress = 'null';
    while (!signal.aborted) {
      change.forget();
      // The job is read before its events, so that the last event of a finished job is never missed.
      const job = await database.trainingJobs.get(jobId);
      const rows = await database.events.list(jobId, last, BATCH);
      const finished = job === null || isFinishedJob(job.status);
      // The final event is sent last, after the final progress: it is held back if the job was read before the event.
      const end = rows.length < BATCH && isEnd(rows.at(-1)) ? rows.at(-1) : undefined;
      const events = end === undefined ? rows : rows.slice(0, -1);
      const progress = JSON.stringify(job?.progress ?? null);
      for (const event of events) yield toLogMessage(event);
      if (progress !== lastProgress) yield toMessage('progress', progress);
      if (finished && end !== undefined) yield toLogMessage(end);
      last = events.at(-1)?.sequence ?? last;
      lastProgress = progress;
      if (rows.length === BATCH) continue;
      if (finished) return;
      const hasChanged = await change.wait(KEEP_ALIVE_MS, signal);
      if (!hasChanged && !signal.aborted) yield ': still here\n\n';
    }
  } finally {
    unfollow();
  }
}

/** Whether something has changed since the last read. */
export class Change {
  #isNoted = false;
  #wake: () => void = () => undefined;

  readonly note = (): void => {
    this.#isNoted = true;
    this.#wake();
  };

  forget(): void {
    this.#isNoted = false;
  }

  async wait(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (this.#isNoted || signal.aborted) return this.#isNoted;
    const waiting = new AbortController();
    const woken = new Promise<void>((done) => (this.#wake = done));
    const over = sleep(milliseconds, undefined, { signal: AbortSignal.any([signal, waiting.signal]) }).catch(() => undefined);
    await Promise.race([woken, over]);
    waiting.abort();
    return this.#isNoted;
  }
}

const isEnd = (event: JobEventRow | undefined): boolean => FINISHED_JOB_STATUSES.some((status) => event?.type === `job.${status}`);

function toLogMessage(event: JobEventRow): string {
  return toMessage(event.type, JSON.stringify(presentEvent(event)), event.sequence);
}

function toMessage(type: string, data: string, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${data}\n\n`;
}
