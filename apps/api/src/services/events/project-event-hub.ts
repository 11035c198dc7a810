// Listens on one database connection of this process for the events of all projects, and wakes the affected streams.
import { ACTIVE_JOB_STATUSES, PROJECT_EVENT_DAYS } from '@styleforge/contracts';
import { API_KEY_CHANNEL, JOB_CHANNEL, PROJECT_EVENTS_CHANNEL } from '@styleforge/database';
import type { Database, Listener, TrainingJobRow } from '@styleforge/database';
import type { FastifyBaseLogger } from 'fastify';
import { CallerWatch } from './caller-watch.ts';

/** Minimum milliseconds between two progress events of a job. */
const PROGRESS_MS = 1_000;
const CLEANING_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface Subscriber {
  projectId: string;
  /** Called when there may be new events. */
  onEvents(): void;
  onProgress(job: TrainingJobRow): void;
}

export class ProjectEventHub {
  /** Callers whose streams are open. */
  readonly callers: CallerWatch;
  readonly #database: Database;
  readonly #log: FastifyBaseLogger;
  readonly #subscribers = new Set<Subscriber>();
  /** Callbacks for changes of a job, by job. */
  readonly #jobFollowers = new Map<string, Set<() => void>>();
  readonly #closing = new AbortController();
  #listener: Promise<Listener> | undefined;
  #cleaning: NodeJS.Timeout | undefined;
  /** Jobs with notifications since their progress was last sent. */
  #changed = new Set<string>();
  #told = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #lastTold = 0;

  constructor(database: Database, log: FastifyBaseLogger) {
    this.#database = database;
    this.#log = log;
    this.callers = new CallerWatch(database, log);
  }

  /** Aborted when the API stops. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Subscribes, and resolves when no later event can be missed. The result ends the subscription. */
  async subscribe(subscriber: Subscriber): Promise<() => void> {
    this.#subscribers.add(subscriber);
    await this.#listen();
    return () => void this.#subscribers.delete(subscriber);
  }

  /** Like `subscribe`, for the events and the progress of one job. */
  async followJob(jobId: string, onChange: () => void): Promise<() => void> {
    const followers = this.#jobFollowers.get(jobId) ?? new Set();
    this.#jobFollowers.set(jobId, followers.add(onChange));
    await this.#listen();
    return () => {
      followers.delete(onChange);
      if (followers.size === 0 && this.#jobFollowers.get(jobId) === followers) this.#jobFollowers.delete(jobId);
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    clearInterval(this.#cleaning);
    await (await this.#listener)?.stop();
  }

  /** Starts listening with the first subscriber; without subscribers no connection is needed. */
  #listen(): Promise<Listener> {
    if (this.#listener !== undefined) return this.#listener;
    const clean = () =>
      void this.#database.projectEvents
        .deleteBefore(new Date(Date.now() - PROJECT_EVENT_DAYS * DAY_MS))
        .catch((error: unknown) => this.#log.error({ err: error }, 'expired events could not be deleted; trying again later'));
    clean();
    this.#cleaning = setInterval(clean, CLEANING_MS).unref();
    this.#listener = this.#database.listen(
      [PROJECT_EVENTS_CHANNEL, JOB_CHANNEL, API_KEY_CHANNEL],
      (payload, channel) => this.#hear(payload, channel),
      (error) => this.#log.warn({ err: error }, 'the connection for notifications of new events failed; it is opened again'),
    );
    return this.#listener;
  }

  #hear(payload: string, channel: string): void {
    if (channel === JOB_CHANNEL) this.#noteJob(payload);
    else if (channel === API_KEY_CHANNEL) this.callers.look(payload);
    else this.#wake(payload);
  }

  /** An empty payload means a new connection, before which notifications may have been lost. */
  #wake(projectId: string): void {
    for (const subscriber of this.#subscribers) if (projectId === '' || subscriber.projectId === projectId) subscriber.onEvents();
  }

  #noteJob(jobId: string): void {
    const concerned = jobId === '' ? [...this.#jobFollowers.values()] : [this.#jobFollowers.get(jobId) ?? []];
    for (const followers of concerned) for (const onChange of followers) onChange();
    this.#noteProgress(jobId);
  }

  #noteProgress(jobId: string): void {
    if (jobId === '' || this.#subscribers.size === 0) return;
    this.#changed.add(jobId);
    if (this.#closing.signal.aborted) return;
    this.#timer ??= setTimeout(() => void this.#tellProgress(), Math.max(0, this.#lastTold + PROGRESS_MS - Date.now()));
  }

  async #tellProgress(): Promise<void> {
    const ids = [...this.#changed];
    this.#changed = new Set();
    this.#lastTold = Date.now();
    const projects = [...new Set([...this.#subscribers].map(({ projectId }) => projectId))];
    try {
      for (const job of await this.#database.projectEvents.jobsOf(ids, projects)) this.#tell(job);
    } catch (error) {
      this.#log.warn({ err: error }, 'the progress of jobs could not be read, so event streams show it late');
    }
    this.#timer = undefined;
    const [waiting] = this.#changed;
    if (waiting !== undefined) this.#noteProgress(waiting);
  }

  /** Sends the progress of running jobs; the last event of a finished job already contains it. */
  #tell(job: TrainingJobRow): void {
    if (!(ACTIVE_JOB_STATUSES as readonly string[]).includes(job.status)) return void this.#told.delete(job.id);
    const progress = JSON.stringify(job.progress);
    if (job.progress === null || this.#told.get(job.id) === progress) return;
    this.#told.set(job.id, progress);
    for (const subscriber of this.#subscribers) if (subscriber.projectId === job.projectId) subscriber.onProgress(job);
  }
}
