// A job's events as server-sent events, followed until the job ends or the listener leaves.
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { isFinishedJob } from '@styleforge/contracts';
import type { Database } from '@styleforge/database';
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
    const events = await database.events.list(jobId, last, BATCH);
    const progress = JSON.stringify(job?.progress ?? null);
    for (const event of events) yield toMessage(event.type, JSON.stringify(presentEvent(event)), event.sequence);
    if (progress !== lastProgress && progress !== 'null') yield toMessage('progress', progress);
    if (events.length === 0 && progress === lastProgress && Date.now() - quietSince > KEEP_ALIVE_MS) {
      yield ': still here\n\n';
      quietSince = Date.now();
    }
    if (events.length > 0 || progress !== lastProgress) quietSince = Date.now();
    last = events.at(-1)?.sequence ?? last;
    lastProgress = progress;
    if (events.length === BATCH) continue;
    if (job === null || isFinishedJob(job.status)) return;
    await sleep(POLL_MS);
  }
}

function toMessage(type: string, data: string, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${data}\n\n`;
}
