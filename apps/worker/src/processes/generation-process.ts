// A process that draws for many generations and keeps their models loaded; started when first needed, and again after it died.
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { engineEnvironment } from '@styleforge/config';
import { forkTypeScript } from '@styleforge/launch';
import { listenTo, type UnreadableMessageError } from './child-messages.ts';
import {
  type GenerationTask,
  type LoadedModel,
  messageFromGenerator,
  type MessageFromGenerator,
  type MessageToGenerator,
} from './generation-messages.ts';
import { ProcessDiedError, TaskError } from '../errors.ts';
import type { RawImage } from './messages.ts';

/** From the wish to stop until the process is killed: enough for one step of a large model. */
const abortGraceMs = 60_000;

export interface GenerationOptions {
  signal: AbortSignal;
  onImage(image: RawImage): Promise<void>;
}

export interface GenerationEvents {
  onLoaded(model: LoadedModel): void;
  /** The process said something unreadable; it was ended, and what it was drawing has failed. */
  onUnreadable(error: UnreadableMessageError): void;
}

interface Running {
  onImage: GenerationOptions['onImage'];
  end(result: 'done' | 'aborted'): void;
  fail(error: unknown): void;
}

export class GenerationProcess {
  readonly #events: GenerationEvents;
  readonly #program: URL;
  #child: ChildProcess | undefined;
  readonly #running = new Map<number, Running>();
  #lastId = 0;

  constructor(events: GenerationEvents, program = new URL('../child/generate-main.ts', import.meta.url)) {
    this.#events = events;
    this.#program = program;
  }

  /** `aborted`: the signal stopped it; the images that it had made until then are kept. */
  async generate(task: GenerationTask, { signal, onImage }: GenerationOptions): Promise<'done' | 'aborted'> {
    if (signal.aborted) return 'aborted';
    const id = ++this.#lastId;
    const watch = new AbortController();
    try {
      return await new Promise<'done' | 'aborted'>((end, fail) => {
        this.#running.set(id, { onImage, end, fail });
        this.#child ??= this.#start();
        signal.addEventListener('abort', () => this.#abort(id, watch.signal), { once: true, signal: watch.signal });
        this.#tell({ type: 'generate', id, task });
      });
    } finally {
      watch.abort();
      this.#running.delete(id);
    }
  }

  /** Frees a model that no generation uses. */
  forget(modelDirectory: string): void {
    this.#tell({ type: 'forget', modelDirectory });
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const exited = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await exited;
  }

  #start(): ChildProcess {
    const child = forkTypeScript(this.#program, [], {
      env: engineEnvironment(),
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const kill = () => void child.kill('SIGKILL');
    process.once('exit', kill);
    const failAll = (error: Error) => {
      for (const { fail } of this.#running.values()) fail(error);
    };
    const ended = (how: string) => {
      process.off('exit', kill);
      if (this.#child === child) this.#child = undefined;
      const memory = how === 'SIGKILL' ? ': was the machine out of memory?' : '';
      failAll(new ProcessDiedError(`the generation process ended by ${how}${memory}`));
    };
    child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
    child.once('error', (error) => ended(error.message));
    listenTo(child, {
      name: 'the generation process',
      schema: messageFromGenerator,
      onMessage: (message) => this.#hear(message),
      onUnreadable: (error) => {
        this.#events.onUnreadable(error);
        failAll(error);
      },
    });
    return child;
  }

  #hear(message: MessageFromGenerator): void {
    if (message.type === 'loaded') return this.#events.onLoaded(message);
    const { id } = message;
    const running = this.#running.get(id);
    switch (message.type) {
      case 'image':
        running?.onImage(message).then(() => this.#tell({ type: 'saved', id, number: message.number }), running.fail);
        return;
      case 'done':
      case 'aborted':
        return running?.end(message.type);
      case 'error':
        return running?.fail(new TaskError(message));
    }
  }

  #tell(message: MessageToGenerator): void {
    if (this.#child?.connected) this.#child.send(message);
  }

  #abort(id: number, ended: AbortSignal): void {
    this.#tell({ type: 'abort', id });
    sleep(abortGraceMs, undefined, { ref: false, signal: ended }).then(
      () => this.#child?.kill('SIGKILL'),
      () => undefined,
    );
  }
}
