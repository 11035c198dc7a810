// Stores the worker's log lines about training jobs in the database, without secrets, for the owners of the jobs.
import type { Database } from '@styleforge/database';
import { withoutSecrets } from '@styleforge/telemetry';

/** Milliseconds between two writes. */
const writeMs = 2_000;
/** Characters of one line, and of what waits for one job: an outage of the database must not fill the memory. */
const longestLine = 4_000;
const longestWait = 256 << 10;
const levels: Readonly<Record<number, string>> = { 10: 'debug', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'error' };
/** Fields about the worker's process and its internal requests, which owners do not see. */
const internal = new Set(['level', 'time', 'pid', 'hostname', 'name', 'jobId', 'attempt', 'msg', 'err', 'requestId', 'traceId']);

type Line = Record<string, unknown> & { level: number; time: number; msg?: string; attempt?: number; err?: { type?: string } };

export class JobLogs {
  readonly #secrets: readonly string[];
  readonly #waiting = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #write: (() => Promise<void>) | undefined;
  /** Number of writes that the database has refused. */
  failures = 0;

  /** `secrets`: values that must not appear in a log. */
  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  /** Takes a line of the worker's log, if it is about a training job. */
  readonly take = (line: string): void => {
    const [, jobId] = /"jobId":"(job_[\w-]+)"/.exec(line) ?? [];
    if (jobId === undefined) return;
    const clean = (_name: string, value: unknown) => (typeof value === 'string' ? withoutSecrets(value, this.#secrets) : value);
    const shown = JSON.stringify(shownOf(JSON.parse(line) as Line), clean);
    this.#waiting.set(jobId, `${this.#waiting.get(jobId) ?? ''}${shown}\n`.slice(-longestWait));
  };

  /** Starts writing the collected lines to the database; until then they are kept in memory. */
  start({ jobLogs }: Pick<Database, 'jobLogs'>): void {
    this.#write = async () => {
      for (const [jobId, lines] of [...this.#waiting]) {
        this.#waiting.delete(jobId);
        await jobLogs.append(jobId, lines).catch(() => {
          this.failures += 1;
          // not logged, because this log line would fail in the same way and cause another one
          this.#waiting.set(jobId, `${lines}${this.#waiting.get(jobId) ?? ''}`.slice(-longestWait));
        });
      }
    };
    const again = () => {
      this.#timer = setTimeout(() => void this.#write?.().finally(again), writeMs);
      this.#timer.unref();
    };
    again();
  }

  /** Writes the remaining lines. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#write?.();
    this.#write = undefined;
  }
}

function shownOf({ level, time, msg = '', attempt, err, ...rest }: Line): object {
  const details = Object.fromEntries(Object.entries(rest).filter(([name]) => !internal.has(name)));
  // only operators may read the text of an internal error; the owner finds the reason in the job's events
  const message = (err?.type === undefined ? msg : `${msg} (${err.type})`).slice(0, longestLine);
  const isLong = JSON.stringify(details).length > longestLine;
  return {
    time: new Date(time).toISOString(),
    level: levels[level] ?? 'info',
    attempt: attempt ?? null,
    message,
    details: isLong ? {} : details,
  };
}
