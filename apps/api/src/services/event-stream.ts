// A job's events as server-sent events, followed until the job ends or the listener leaves.
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { FINISHED_JOB_STATUSES, isFinishedJob } from '@styleforge/contracts';
import type { Database, JobEventRow } from '@styleforge/database';
import type { FastifyReply } from 'fastify';
import { presentEvent } from '../presenters/training-jobs.ts';

const POLL_MS = 500;
const KEEP_ALIVE_MS = 15_000;
const BATCH = 200;

/** `closing` ends the stream when the API stops; a client then reconnects with the id that it saw last. */
export type EventStream = { jobId: string; after: number; closing: AbortSignal };

/** Log events carry their sequence number as id; progress is sent when it changes and carries none, for it is not kept. */
export function streamEvents(database: Database, { jobId, after, closing }: EventStream, reply: FastifyReply): FastifyReply {
  const leaving = new AbortController();
  reply.raw.once('close', () => leaving.abort());
  const stream = Readable.from(followEvents(database, jobId, after, AbortSignal.any([leaving.signal, closing])));
  // Kept alive, the connection would hold up a server that stops.
  reply.headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' });
  return reply.type('text/event-stream').send(stream);
}

async function* followEvents(database: Database, jobId: string, after: number, signal: AbortSignal): AsyncGenerator<string> {
  let last = after;
  let lastProgress = '';
  let quietSince = Date.now();
  while (!signal.aborted) {
    // The job is read before its events, so that the last event of a finished job is never missed.
    const job = await database.trainingJobs.get(jobId);
    const rows = await database.events.list(jobId, last, BATCH);
    const finished = job === null || isFinishedJob(job.status);
    // The end is told last, after the progress that belongs to it: it waits where the job was read before it.
    const end = rows.length < BATCH && isEnd(rows.at(-1)) ? rows.at(-1) : undefined;
    const events = end === undefined ? rows : rows.slice(0, -1);
    const progress = JSON.stringify(job?.progress ?? null);
    for (const event of events) yield toLogMessage(event);
    if (progress !== lastProgress && progress !== 'null') yield toMessage('progress', progress);
    if (finished && end !== undefined) yield toLogMessage(end);
    if (events.length === 0 && progress === lastProgress && Date.now() - quietSince > KEEP_ALIVE_MS) {
      yield ': still here\n\n';
      quietSince = Date.now();
    }
    if (events.length > 0 || progress !== lastProgress) quietSince = Date.now();
    last = events.at(-1)?.sequence ?? last;
    lastProgress = progress;
    if (rows.length === BATCH) continue;
    if (finished) return;
    await sleep(POLL_MS);
  }
}

const isEnd = (event: JobEventRow | undefined): boolean => FINISHED_JOB_STATUSES.some((status) => event?.type === `job.${status}`);

function toLogMessage(event: JobEventRow): string {
  return toMessage(event.type, JSON.stringify(presentEvent(event)), event.sequence);
}

function toMessage(type: string, data: string, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${data}\n\n`;
}
