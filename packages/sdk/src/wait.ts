// Polls until something has ended.
import { APIUserAbortError, WaitTimeoutError } from './errors.ts';
import type { RequestOptions, WaitOptions } from './options.ts';
import { backOff, isPassing, PATIENCE, sleep } from './retry.ts';

const DEFAULT_INTERVAL_MS = 1_000;

export interface Waiting<Subject> {
  /** Name for messages: "training job job_...". */
  name: string;
  read(options: RequestOptions): Promise<Subject>;
  isDone(subject: Subject): boolean;
}

/** Waits for the end. If the service has responded once, its absence for up to half a minute is tolerated. */
export async function waitUntilDone<Subject>({ name, read, isDone }: Waiting<Subject>, options: WaitOptions<Subject>): Promise<Subject> {
  const { signal, onProgress, timeout, pollInterval = DEFAULT_INTERVAL_MS } = options;
  const end = timeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeout;
  let seen = '';
  let failures = 0;
  const look = () =>
    read({ signal }).then(
      (subject) => ((failures = 0), subject),
      (error: unknown) => {
        if (seen === '' || !isPassing(error) || ++failures > PATIENCE || Date.now() >= end) throw error;
        return undefined;
      },
    );
  for (;;) {
    const subject = await look();
    if (subject !== undefined) {
      const now = JSON.stringify(subject);
      if (now !== seen) onProgress?.(subject);
      seen = now;
      if (isDone(subject)) return subject;
    }
    const left = end - Date.now();
    if (left <= 0) throw new WaitTimeoutError(`The ${name} has not ended within ${timeout} ms; it continues.`);
    const pause = failures > 0 ? backOff(failures) : pollInterval;
    await sleep(Math.min(pause, left), signal).catch((cause: unknown) =>
      Promise.reject(new APIUserAbortError('Waiting was aborted.', { cause })),
    );
  }
}
