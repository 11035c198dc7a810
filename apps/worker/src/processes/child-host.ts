// Hosts one child process: starts it, exchanges messages with it, stops it within a deadline, and never lets it outlive this process.
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { forkTypeScript } from '@styleforge/launch';
import type { z } from 'zod';
import { ProcessDiedError, UnreadableMessageError } from '../errors.ts';

export interface ChildOptions<Heard> {
  program: URL;
  /** Named in errors, as in "the job's process". */
  name: string;
  env: NodeJS.ProcessEnv;
  /** Schema of the child's messages. A child that sends anything else is ended. */
  schema: z.ZodType<Heard>;
  onMessage(message: Heard): void;
  /** Called when the child has been killed. */
  onUnreadable(error: UnreadableMessageError): void;
}

export interface Stop<Told> {
  /** Message that asks the child to end by itself. */
  ask: Told;
  /** Milliseconds from the request to the kill. */
  graceMs: number;
  /** Whether the child is killed immediately for this reason of the signal. */
  killsAtOnce?(reason: unknown): boolean;
}

export class ChildHost<Heard, Told extends object> {
  /** How the process ended: a signal's name, its exit code, or why it could not be started. */
  readonly ended: Promise<string>;
  readonly #name: string;
  readonly #child: ChildProcess;

  constructor({ program, name, env, schema, onMessage, onUnreadable }: ChildOptions<Heard>) {
    this.#name = name;
    this.#child = forkTypeScript(program, [], { env, serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.ended = new Promise((done) => {
      this.#child.once('exit', (code, signal) => done(signal ?? `exit code ${code}`));
      // The process was not started.
      this.#child.once('error', (error) => done(error.message));
    });
    this.#child.on('message', (received) => {
      const parsed = schema.safeParse(received);
      if (parsed.success) return onMessage(parsed.data);
      this.kill();
      onUnreadable(new UnreadableMessageError(name, parsed.error));
    });
    // Kills the child when this process exits: during a long step, the child would notice its parent's end only afterwards.
    const kill = () => this.kill();
    process.once('exit', kill);
    void this.ended.then(() => process.off('exit', kill));
  }

  tell(message: Told): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Confirms each message once its content is stored. If storing fails, the work fails. */
  acknowledge(saving: Promise<void> | undefined, saved: Told, fail: (error: unknown) => void): void {
    Promise.resolve(saving).then(() => this.tell(saved), fail);
  }

  /** Asks the child to stop when the signal is aborted, and kills it after the grace period. Returns a function that ends the watch. */
  stopOn(signal: AbortSignal, { ask, graceMs, killsAtOnce }: Stop<Told>): () => void {
    const watch = new AbortController();
    const stop = () => {
      if (killsAtOnce?.(signal.reason)) return this.kill();
      this.tell(ask);
      sleep(graceMs, undefined, { ref: false, signal: watch.signal }).then(
        () => this.kill(),
        () => undefined,
      );
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true, signal: watch.signal });
    return () => watch.abort();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async close(): Promise<void> {
    this.kill();
    await this.ended;
  }

  /** Error for work that ended with the process. */
  death(how: string, work = ''): ProcessDiedError {
    const memory = how === 'SIGKILL' ? '; the machine may be out of memory' : '';
    return new ProcessDiedError(`${this.#name} ended by ${how}${work}${memory}`);
  }
}
