// The origin of the current work: the request and the span that caused it. Asynchronous calls keep it automatically.
import { AsyncLocalStorage } from 'node:async_hooks';
import { z } from 'zod';

/** The origin that is passed on with a job through the outbox and the queue to the child process. */
export const origin = z.object({
  requestId: z.string().max(100).optional(),
  /** W3C Trace Context. Absent if tracing is off. */
  traceparent: z.string().max(100).optional(),
});
export type Origin = z.infer<typeof origin>;

const storage = new AsyncLocalStorage<Origin>();

export const currentOrigin = (): Origin => storage.getStore() ?? {};

export function withOrigin<Result>(from: Origin, work: () => Result): Result {
  return storage.run(from, work);
}
