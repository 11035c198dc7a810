// Streams the events of a project as server-sent events until the caller leaves or loses access, or the API stops.
import { PROGRESS_EVENT } from '@styleforge/contracts';
import type { EventTypes, TrainingJobRow } from '@styleforge/database';
import type { FastifyReply } from 'fastify';
import type { ApiDependencies } from '../../dependencies.ts';
import type { Caller } from '../../http/api-server.ts';
import { presentProjectEvent } from '../../presenters/project-events.ts';
import { presentTrainingJob } from '../../presenters/training-jobs.ts';
import { KEEP_ALIVE_MS, sendEventStream } from './send-event-stream.ts';

const BATCH = 200;

/** `after`: number of the last event seen; undefined starts with the next event. */
export type ProjectStream = { caller: Caller; after: number | undefined; types: EventTypes };

export function streamProjectEvents(dependencies: ApiDependencies, stream: ProjectStream, reply: FastifyReply): FastifyReply {
  return sendEventStream(dependencies, stream.caller, reply, (signal) => follow(dependencies, stream, signal));
}

async function* follow({ database, projectEvents }: ApiDependencies, stream: ProjectStream, signal: AbortSignal): AsyncGenerator<string> {
  const { caller, types } = stream;
  const { projectId } = caller;
  const news = new News(signal, types === undefined || types.some((type) => type === PROGRESS_EVENT || type === 'training_job.*'));
  const unsubscribe = await projectEvents.subscribe({ projectId, onEvents: news.events, onProgress: news.progress });
  try {
    let last = stream.after ?? (await database.projectEvents.last(projectId));
    // Sends an id without an event, so that a browser whose connection breaks continues from here.
    yield `id: ${last}\n\n`;
    while (!signal.aborted) {
      for (let full = news.takeEvents(); full; ) {
        const rows = await database.projectEvents.list(projectId, { after: last, limit: BATCH, types });
        for (const row of rows) yield toMessage(row.type, presentProjectEvent(row), row.id);
        last = rows.at(-1)?.id ?? last;
        full = rows.length === BATCH;
      }
      for (const job of news.takeProgress()) yield toMessage(PROGRESS_EVENT, presentJobProgress(job));
      const hasNews = await news.wait(KEEP_ALIVE_MS);
      if (!hasNews && !signal.aborted) yield ': still here\n\n';
    }
  } finally {
    unsubscribe();
  }
}

const presentJobProgress = (job: TrainingJobRow) => ({
  type: PROGRESS_EVENT,
  subject_id: job.id,
  data: { status: job.status, ...presentTrainingJob(job, null).progress },
});

function toMessage(type: string, data: object, id?: number): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** News for one stream since its last read. Only the newest progress of each job is kept. */
class News {
  readonly #signal: AbortSignal;
  readonly #wantsProgress: boolean;
  #progress = new Map<string, TrainingJobRow>();
  /** True at first, so that existing events are read. */
  #hasEvents = true;
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal, wantsProgress: boolean) {
    this.#signal = signal;
    this.#wantsProgress = wantsProgress;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  readonly events = (): void => {
    this.#hasEvents = true;
    this.#wake?.();
  };

  readonly progress = (job: TrainingJobRow): void => {
    if (!this.#wantsProgress) return;
    this.#progress.set(job.id, job);
    this.#wake?.();
  };

  takeEvents(): boolean {
    const had = this.#hasEvents;
    this.#hasEvents = false;
    return had;
  }

  takeProgress(): TrainingJobRow[] {
    const jobs = [...this.#progress.values()];
    this.#progress = new Map();
    return jobs;
  }

  /** Waits for new events; false if none arrives in time (milliseconds). */
  wait(ms: number): Promise<boolean> {
    if (this.#hasEvents || this.#progress.size > 0 || this.#signal.aborted) return Promise.resolve(true);
    return new Promise((done) => {
      const end = (came: boolean) => {
        clearTimeout(timer);
        this.#wake = undefined;
        done(came);
      };
      const timer = setTimeout(() => end(false), ms);
      this.#wake = () => end(true);
    });
  }
}
