// Runs one task in a child process, so that this process stays free to renew the queue's lock, and sees it through to its end.
import { AsyncResource } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { engineEnvironment } from '@styleforge/config';
import { forkTypeScript } from '@styleforge/launch';
import { currentOrigin, type TracingConfig } from '@styleforge/telemetry';
import { listenTo } from './child-messages.ts';
import { ProcessDiedError, TaskError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import {
  type ChildResult,
  type ChildTelemetry,
  type DrawnImage,
  type LocalCheckpoint,
  type LocalClassImage,
  type Measuring,
  type MessageFromChild,
  messageFromChild,
  type MessageToChild,
  type Progress,
  type RawValidationImage,
  type Task,
  type ValidationDone,
} from './messages.ts';

/** From the wish to stop until the child is killed: enough to write a checkpoint. */
const abortGraceMs = 120_000;

/** Then the job is somebody else's, and nothing may be written any more. */
const killReasons: unknown[] = ['lock-lost', 'superseded'];

export interface JobProcessOptions {
  /** Its reason decides whether the child may save a checkpoint first. */
  signal: AbortSignal;
  log: Logger;
  tracing?: TracingConfig | undefined;
  onProgress?(progress: Progress): void;
  onValidated?(): Promise<void>;
  onCheckpoint?(checkpoint: LocalCheckpoint): Promise<void>;
  onClassImage?(image: LocalClassImage): Promise<void>;
  onValidationImage?(image: RawValidationImage): Promise<void>;
  onValidation?(validation: ValidationDone): Promise<void>;
  onDrawnImage?(image: DrawnImage): Promise<void>;
  onMeasuring?(progress: Measuring): void;
}

/** `aborted`: the signal stopped the task; what it had saved until then is saved. */
export async function runInChild(task: Task, options: JobProcessOptions): Promise<ChildResult | 'aborted'> {
  const child = forkTypeScript(new URL('../child/main.ts', import.meta.url), [], {
    env: engineEnvironment({ savesMemory: task.kind === 'train' && task.savesMemory }),
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<string>((done) => {
    child.once('exit', (code, signal) => done(signal ?? `exit code ${code}`));
    // Then it has not even been started.
    child.once('error', (error) => done(error.message));
  });
  const stopWatching = abortOnSignal(child, options.signal);
  // A worker out of time: a child in the middle of a long step would notice its parent's end only after it.
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  try {
    const last = await converse(child, task, options, exited);
    await exited;
    return finish(last, options.signal, await exited);
  } finally {
    stopWatching();
    kill();
    process.off('exit', kill);
    await exited;
  }
}

type FinalMessage = Extract<MessageFromChild, { type: 'result' | 'aborted' | 'error' }>;

function finish(last: FinalMessage | undefined, signal: AbortSignal, end: string): ChildResult | 'aborted' {
  if (last === undefined) {
    if (signal.aborted) return 'aborted';
    throw new ProcessDiedError(
      `the job's process ended by ${end} without a result${end === 'SIGKILL' ? ': was the machine out of memory?' : ''}`,
    );
  }
  switch (last.type) {
    case 'result':
      return last;
    case 'aborted':
      return 'aborted';
    case 'error':
      throw new TaskError(last);
  }
}

/** Resolves with the child's last word, or undefined when it ended without one; rejects when something could not be saved. */
function converse(child: ChildProcess, task: Task, options: JobProcessOptions, exited: Promise<string>): Promise<FinalMessage | undefined> {
  return new Promise((done, fail) => {
    const tell = (message: MessageToChild) => child.connected && child.send(message);
    const save = (number: number, saving: Promise<void> | undefined) =>
      Promise.resolve(saving).then(() => tell({ type: 'saved', number }), fail);
    child.on('error', fail);
    listenTo(child, {
      name: "the job's process",
      schema: messageFromChild,
      // What a message sets off belongs to this job, like the rest of its work.
      onMessage: AsyncResource.bind((message: MessageFromChild) => {
        switch (message.type) {
          case 'progress':
            return options.onProgress?.(message);
          case 'measuring':
            return options.onMeasuring?.(message);
          case 'result':
          case 'aborted':
          case 'error':
            return done(message);
          default:
            return void save(message.number, keep(message, options));
        }
      }),
      onUnreadable(error) {
        options.log.error({ err: error }, "the job's process said something unreadable, and was ended");
        fail(error);
      },
    });
    void exited.then(() => done(undefined));
    tell({ type: 'start', task, telemetry: telemetryFor(options) });
  });
}

function telemetryFor({ log, tracing }: JobProcessOptions): ChildTelemetry {
  const { name: _name, pid: _pid, hostname: _hostname, ...logBindings } = log.bindings();
  return { origin: currentOrigin(), logLevel: log.level, logBindings, ...(tracing && { tracing }) };
}

type KeptMessage = Exclude<MessageFromChild, FinalMessage | Progress | Measuring>;

function keep(message: KeptMessage, options: JobProcessOptions): Promise<void> | undefined {
  switch (message.type) {
    case 'validated':
      return options.onValidated?.();
    case 'checkpoint':
      return options.onCheckpoint?.(message);
    case 'class-image':
      return options.onClassImage?.(message);
    case 'validation-image':
      return options.onValidationImage?.(message);
    case 'validation':
      return options.onValidation?.(message);
    case 'drawn-image':
      return options.onDrawnImage?.(message);
  }
}

function abortOnSignal(child: ChildProcess, signal: AbortSignal): () => void {
  const watch = new AbortController();
  const abort = () => {
    if (killReasons.includes(signal.reason)) return void child.kill('SIGKILL');
    if (child.connected) child.send({ type: 'abort' } satisfies MessageToChild);
    sleep(abortGraceMs, undefined, { ref: false, signal: watch.signal }).then(
      () => child.kill('SIGKILL'),
      () => undefined,
    );
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true, signal: watch.signal });
  return () => watch.abort();
}
