// Streams a generation's events as server-sent events until it ends, the caller leaves or loses access, or the API stops.
import { isFinishedGeneration } from '@styleforge/contracts';
import type { FastifyReply } from 'fastify';
import type { ApiDependencies } from '../../dependencies.ts';
import type { Caller } from '../../http/api-server.ts';
import { presentProjectEvent } from '../../presenters/project-events.ts';
import { Change } from './event-stream.ts';
import { KEEP_ALIVE_MS, sendEventStream } from './send-event-stream.ts';

const BATCH = 200;

export type GenerationStream = { generationId: string; after: number; caller: Caller };

/** The id of an event is its number in the project. */
export function streamGenerationEvents(dependencies: ApiDependencies, stream: GenerationStream, reply: FastifyReply): FastifyReply {
  return sendEventStream(dependencies, stream.caller, reply, (signal) => follow(dependencies, stream, signal));
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
      if (!hasChanged && !signal.aborted) yield ': still here\n\n';
    }
  } finally {
    unsubscribe();
  }
}
