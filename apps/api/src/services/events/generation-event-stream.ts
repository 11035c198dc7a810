// A generation's events as server-sent events, until it ends, the listener leaves or may no longer read them, or the API stops.
import { Readable } from 'node:stream';
import { isFinishedGeneration } from '@styleforge/contracts';
import type { FastifyReply } from 'fastify';
import type { ApiDependencies } from '../../dependencies.ts';
import type { Caller } from '../../http/api-server.ts';
import { isStillAllowed } from '../../http/still-allowed.ts';
import { presentProjectEvent } from '../../presenters/project-events.ts';
import { Change } from './event-stream.ts';

const KEEP_ALIVE_MS = 15_000;
const BATCH = 200;

export type GenerationStream = { generationId: string; after: number; caller: Caller };

/** Events carry the number that they have in the project. */
export function streamGenerationEvents(dependencies: ApiDependencies, stream: GenerationStream, reply: FastifyReply): FastifyReply {
  const leaving = new AbortController();
  reply.raw.once('close', () => leaving.abort());
  const signal = AbortSignal.any([leaving.signal, dependencies.projectEvents.closing]);
  // Kept alive, the connection would hold up a server that stops.
  reply.headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' });
  return reply.type('text/event-stream').send(Readable.from(follow(dependencies, stream, signal)));
}

async function* follow(
  { database, projectEvents }: ApiDependencies,
  { generationId, after, caller }: GenerationStream,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { projectId } = caller;
  const change = new Change();
  const unsubscribe = await projectEvents.subscribe({ projectId, onEvents: change.note, onProgress: () => undefined });
  try {
    let last = after;
    let checkedAt = Date.now();
    while (!signal.aborted) {
      change.forget();
      // The generation is read before its events, so that the last event of a finished one is never missed.
      const row = await database.generations.find(projectId, generationId);
      const events = await database.projectEvents.list(projectId, { after: last, limit: BATCH, subjectId: generationId });
      for (const event of events) yield `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(presentProjectEvent(event))}\n\n`;
      last = events.at(-1)?.id ?? last;
      if (events.length === BATCH) continue;
      if (row === null || isFinishedGeneration(row.status)) return;
      const hasChanged = await change.wait(KEEP_ALIVE_MS, signal);
      if (Date.now() - checkedAt >= KEEP_ALIVE_MS) {
        if (!(await isStillAllowed(database, caller))) return;
        checkedAt = Date.now();
      }
      if (!hasChanged && !signal.aborted) yield ': still here\n\n';
    }
  } finally {
    unsubscribe();
  }
}
