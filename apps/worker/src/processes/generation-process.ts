// A process that generates images for many generations and keeps their models loaded; started when first needed, and again after it died.
import { engineEnvironment } from '@styleforge/config';
import { ProcessDiedError, TaskError, type UnreadableMessageError } from '../errors.ts';
import { ChildHost } from './child-host.ts';
import {
  type GenerationTask,
  type LoadedModel,
  messageFromGenerator,
  type MessageFromGenerator,
  type MessageToGenerator,
} from './generation-messages.ts';
import type { RawImage } from './messages.ts';

/** Milliseconds from the request to stop until the process is killed: enough for one step of a large model. */
const abortGraceMs = 60_000;

export interface GenerationOptions {
  signal: AbortSignal;
  onImage(image: RawImage): Promise<void>;
}

export interface GenerationEvents {
  onLoaded(model: LoadedModel): void;
  /** The process sent an unreadable message; it was ended, and the generation in work has failed. */
  onUnreadable(error: UnreadableMessageError): void;
}

interface Running {
  onImage: GenerationOptions['onImage'];
  end(result: 'done' | 'aborted'): void;
  fail(error: unknown): void;
}

type Child = ChildHost<MessageFromGenerator, MessageToGenerator>;

export class GenerationProcess {
  readonly #events: GenerationEvents;
  readonly #program: URL;
  #child: Child | undefined;
  readonly #running = new Map<number, Running>();
  #lastId = 0;

  constructor(events: GenerationEvents, program = new URL('../child/generate-main.ts', import.meta.url)) {
    this.#events = events;
    this.#program = program;
  }

  /** `aborted`: the signal stopped it; the images generated before are kept. */
  async generate(task: GenerationTask, { signal, onImage }: GenerationOptions): Promise<'done' | 'aborted'> {
    if (signal.aborted) return 'aborted';
    const id = ++this.#lastId;
    const child = (this.#child ??= this.#start());
    let stopWatching: (() => void) | undefined;
    try {
      return await new Promise<'done' | 'aborted'>((end, fail) => {
        this.#running.set(id, { onImage, end, fail });
        child.tell({ type: 'generate', id, task });
        stopWatching = child.stopOn(signal, { ask: { type: 'abort', id }, graceMs: abortGraceMs });
      });
    } catch (error) {
      // The process was told to stop and was killed after the deadline, or died meanwhile; this is not the generation's fault.
      if (signal.aborted && error instanceof ProcessDiedError) return 'aborted';
      throw error;
    } finally {
      stopWatching?.();
      this.#running.delete(id);
    }
  }

  /** Frees a model that no generation uses. */
  forget(modelDirectory: string): void {
    this.#child?.tell({ type: 'forget', modelDirectory });
  }

  async close(): Promise<void> {
    await this.#child?.close();
  }

  #start(): Child {
    const failAll = (error: Error) => {
      for (const { fail } of this.#running.values()) fail(error);
    };
    const child: Child = new ChildHost({
      program: this.#program,
      name: 'the generation process',
      env: engineEnvironment(),
      schema: messageFromGenerator,
      onMessage: (message) => this.#hear(message, child),
      onUnreadable: (error) => {
        this.#events.onUnreadable(error);
        failAll(error);
      },
    });
    void child.ended.then((how) => {
      if (this.#child === child) this.#child = undefined;
      failAll(child.death(how));
    });
    return child;
  }

  #hear(message: MessageFromGenerator, child: Child): void {
    if (message.type === 'loaded') return this.#events.onLoaded(message);
    const { id } = message;
    const running = this.#running.get(id);
    switch (message.type) {
      case 'image':
        return running && child.acknowledge(running.onImage(message), { type: 'saved', id, number: message.number }, running.fail);
      case 'done':
      case 'aborted':
        return running?.end(message.type);
      case 'error':
        return running?.fail(new TaskError(message));
    }
  }
}
