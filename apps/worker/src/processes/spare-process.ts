// A child process that waits for the next training: it has started and loaded its code before the job arrives.
import { availableMemory } from 'node:process';
import { engineEnvironment, type EngineEnvironmentOptions } from '@styleforge/config';
import type { Logger } from '../logger.ts';
import { JobChild } from './job-child.ts';
import type { TrainingTask } from './messages.ts';

/** Bytes that must be available before a process waits: it uses about a tenth of them. */
const ROOM_BYTES = 2 * 2 ** 30;

export class SpareProcess {
  readonly #log: Logger;
  #waiting: { savesMemory: boolean; child: JobChild } | undefined;
  #isClosed = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Returns the waiting process. Undefined if none waits, or if it was started with another environment. */
  take({ savesMemory = false }: EngineEnvironmentOptions): JobChild | undefined {
    const waiting = this.#waiting;
    if (waiting?.savesMemory !== savesMemory) return undefined;
    this.#waiting = undefined;
    return waiting.child;
  }

  /** Starts a process that waits for a training like this one, unless one waits already or memory is short. */
  prepare({ savesMemory, baseModelDirectory }: Pick<TrainingTask, 'savesMemory' | 'baseModelDirectory'>): void {
    if (this.#isClosed || this.#waiting?.savesMemory === savesMemory || availableMemory() < ROOM_BYTES) return;
    void this.#waiting?.child.close();
    const child = new JobChild(engineEnvironment({ savesMemory }));
    const waiting = { savesMemory, child };
    this.#waiting = waiting;
    child.tell({ type: 'prepare', baseModelDirectory });
    void child.ended.then((how) => {
      if (this.#waiting !== waiting) return;
      this.#waiting = undefined;
      if (!this.#isClosed) this.#log.warn({ how }, 'the process that waited for the next training ended; the next training starts its own');
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#waiting?.child.close();
  }
}
