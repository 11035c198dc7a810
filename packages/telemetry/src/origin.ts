// Where the work at hand comes from: the request and the span that asked for it. It follows asynchronous calls by itself.
import { AsyncLocalStorage } from 'node:async_hooks';
import { z } from 'zod';

/** Travels with a job through the outbox, the queue and into the child process. */
export const origin = z.object({
  requestId: z.string().max(100).optional(),
  /** W3C Trace Context; absent while nobody traces. */
  traceparent: z.string().max(100).optional(),
});
export type Origin = z.infer<typeof origin>;

const storage = new AsyncLocalStorage<Origin>();

export const currentOrigin = (): Origin => storage.getStore() ?? {};

export function withOrigin<Result>(from: Origin, work: () => Result): Result {
  return storage.run(from, work);
}
