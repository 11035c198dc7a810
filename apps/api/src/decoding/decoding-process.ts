// The API's side of one decoding process: starts it on demand, replaces it after it has died, and ends it when idle.
import type { ChildProcess } from 'node:child_process';
import { forkTypeScript } from '@styleforge/launch';
import { DECODE_LIMITS, type DecodeResult, type DecodeTask, OVER_LIMIT_EXITS } from './messages.ts';

const IDLE_MS = 30_000;

const TOO_COSTLY: Record<number, string> = {
  [OVER_LIMIT_EXITS.processor]: `takes more than ${DECODE_LIMITS.processorSeconds} seconds of processor time to decode`,
  [OVER_LIMIT_EXITS.memory]: `takes more than ${DECODE_LIMITS.residentMegabytes} MB of memory to decode`,
};

export class DecodingProcess {
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** Process id of the decoder; undefined while it is not started. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** A process that decodes one image at a time. If a task ends its process, the task is refused, and the next one gets a new process. */
  async run(task: DecodeTask): Promise<DecodeResult> {
    clearTimeout(this.#idle);
    const child = (this.#child ??= startChild());
    child.ref();
    const tooLong = setTimeout(() => child.kill('SIGKILL'), DECODE_LIMITS.wallSeconds * 1000);
    try {
      return await converse(child, task, () => (this.#child = undefined));
    } finally {
      clearTimeout(tooLong);
      child.unref();
      this.#idle = setTimeout(() => this.end(), IDLE_MS).unref();
    }
  }

  end(): void {
    clearTimeout(this.#idle);
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

function startChild(): ChildProcess {
  const child = forkTypeScript(new URL('decode-main.ts', import.meta.url), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  // Waiting callers have their own listeners; without this one, a late error would end the API's process.
  child.on('error', () => undefined);
  return child;
}

function converse(child: ChildProcess, task: DecodeTask, onDeath: () => void): Promise<DecodeResult> {
  return new Promise((resolve, reject) => {
    const settle =
      <Value>(done: (value: Value) => void) =>
      (value: Value) => {
        child.off('message', onMessage).off('exit', onExit).off('error', onError);
        done(value);
      };
    const onMessage = settle((result: unknown) => resolve(result as DecodeResult));
    const onError = settle((error: Error) => {
      onDeath();
      reject(error);
    });
    const onExit = (code: number | null, signal: string | null) => settle(resolve)(refusalOfDeath(code, signal, onDeath));
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
    child.send(task, (error) => error && onError(error));
  });
}

function refusalOfDeath(code: number | null, signal: string | null, onDeath: () => void): DecodeResult {
  onDeath();
  const detail = TOO_COSTLY[code ?? 0] ?? `ended the decoder (${signal ?? `exit code ${code}`})`;
  return { status: 'refused', code: 'too_costly', detail: `${detail}; save it smaller, or in another format` };
}
