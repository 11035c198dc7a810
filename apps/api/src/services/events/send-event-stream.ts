// Sends server-sent events until they end, the caller leaves or loses access, or the API stops.
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { ApiDependencies } from '../../dependencies.ts';
import type { Caller } from '../../http/api-server.ts';

/** Milliseconds between two comments that keep a quiet stream alive. */
export const KEEP_ALIVE_MS = 15_000;

export function sendEventStream(
  { projectEvents }: ApiDependencies,
  caller: Caller,
  reply: FastifyReply,
  follow: (signal: AbortSignal) => AsyncGenerator<string>,
): FastifyReply {
  const leaving = new AbortController();
  const watch = projectEvents.callers.watch(caller);
  const leave = (): void => {
    leaving.abort();
    watch.end();
  };
  // A caller that left before this point has closed the response already, and 'close' does not come again.
  if (reply.raw.destroyed) leave();
  else reply.raw.once('close', leave);
  const signal = AbortSignal.any([leaving.signal, watch.signal, projectEvents.closing]);
  // A connection that is kept alive would delay the shutdown.
  reply.headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' });
  return reply.type('text/event-stream').send(Readable.from(follow(signal)));
}
