// Runs one task in a child process, so that this process stays free to renew the queue's lock, and follows it to its end.
import { AsyncResource } from 'node:async_hooks';
import { engineEnvironment } from '@styleforge/config';
import { currentOrigin, type TracingConfig } from '@styleforge/telemetry';
import { ProcessDiedError, TaskError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { JobChild } from './job-child.ts';
import {
  type ChildRequest,
  type ChildResult,
  type ChildTelemetry,
  type CompiledShape,
  type DrawnImage,
  type LocalCheckpoint,
  type LocalClassImage,
  type Measuring,
  type MemoryPlanned,
  type RecomputationBegun,
  type MessageFromChild,
  type Progress,
  type RawValidationImage,
  type ReconstructionMeasured,
  type RequestMet,
  type Task,
  type ValidationDone,
} from './messages.ts';
import type { SpareProcess } from './spare-process.ts';

/** Milliseconds from the request to stop until the child is killed: enough to write a checkpoint. */
const abortGraceMs = 120_000;

/** Reasons that mean that another worker has the job: nothing may be written any more. */
const killReasons: unknown[] = ['lock-lost', 'superseded'];

export interface JobProcessOptions {
  /** The signal's reason decides whether the child may save a checkpoint first. */
  signal: AbortSignal;
  log: Logger;
  tracing?: TracingConfig | undefined;
  /** Source of a ready process for a training task. */
  spare?: SpareProcess | undefined;
  onProgress?(progress: Progress): void;
  onReconstruction?(measured: ReconstructionMeasured): Promise<void>;
  onValidated?(): Promise<void>;
  onCheckpoint?(checkpoint: LocalCheckpoint): Promise<void>;
  onClassImage?(image: LocalClassImage): Promise<void>;
  onValidationImage?(image: RawValidationImage): Promise<void>;
  onValidation?(validation: ValidationDone): Promise<void>;
  onRequestMet?(met: RequestMet): Promise<void>;
  onDrawnImage?(image: DrawnImage): Promise<void>;
  onRecomputation?(news: RecomputationBegun): Promise<void>;
  onMeasuring?(progress: Measuring): void;
  /** Called when the process has received its task; `send` then sends it messages. */
  onStarted?(send: (request: ChildRequest) => void): void;
}

/** `aborted`: the signal stopped the task; what it had saved until then is saved. */
export async function runInChild(task: Task, options: JobProcessOptions): Promise<ChildResult | 'aborted'> {
  const environment = { savesMemory: task.kind === 'train' && task.savesMemory };
  const spare = task.kind === 'train' ? options.spare?.take(environment) : undefined;
  const outcome = spare && (await runIn(spare, task, options).catch(unlessNotBegun(spare)));
  return outcome ?? runIn(new JobChild(engineEnvironment(environment)), task, options);
}

/** Resolves to undefined if the waiting process ended before it received the task, so that nothing was done. */
const unlessNotBegun = (child: JobChild) => (error: unknown) => {
  if (child.hasBegun || !(error instanceof ProcessDiedError)) throw error;
  return undefined;
};

async function runIn(child: JobChild, task: Task, options: JobProcessOptions): Promise<ChildResult | 'aborted'> {
  const last = lastWord(child, options);
  const stopWatching = child.stopOn(options.signal, {
    ask: { type: 'abort' },
    graceMs: abortGraceMs,
    killsAtOnce: (reason) => killReasons.includes(reason),
  });
  try {
    child.tell({ type: 'start', task, telemetry: telemetryFor(options) });
    options.onStarted?.((request) => child.tell(request));
    return finish(await last, options.signal, await child.ended, child);
  } finally {
    stopWatching();
    await child.close();
  }
}

/** The child's final message, or undefined if it ended without one; rejects if something could not be stored. */
function lastWord(child: JobChild, options: JobProcessOptions): Promise<FinalMessage | undefined> {
  return new Promise((resolve, reject) => {
    child.listen({
      // Handles messages in the telemetry context of this job.
      onMessage: AsyncResource.bind((message: MessageFromChild) => hear(message, child, options, { resolve, reject })),
      onUnreadable(error) {
        options.log.error({ err: error }, "the job's process sent an unreadable message and was ended");
        reject(error);
      },
    });
    void child.ended.then(() => resolve(undefined));
  });
}

type FinalMessage = Extract<MessageFromChild, { type: 'result' | 'aborted' | 'error' }>;

function finish(last: FinalMessage | undefined, signal: AbortSignal, end: string, child: JobChild): ChildResult | 'aborted' {
  if (last === undefined) {
    if (signal.aborted) return 'aborted';
    throw child.death(end, ' without a result');
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

function hear(
  message: MessageFromChild,
  child: JobChild,
  options: JobProcessOptions,
  end: { resolve(last: FinalMessage): void; reject(error: unknown): void },
): void {
  switch (message.type) {
    case 'begun':
      child.hasBegun = true;
      return;
    case 'progress':
      return options.onProgress?.(message);
    case 'compiled-shape':
      return options.log.info(
        { height: message.height, width: message.width, seconds: message.seconds },
        'compiled the training graph for another image size',
      );
    case 'memory-plan': {
      const { recomputes, recomputesAll, stateBytes, validationBytes, passBytes, freeBytes } = message;
      const again = recomputesAll ? 'all activations are recomputed' : 'activations are recomputed where that is cheap';
      const text = recomputes ? `${again} in the backward pass` : 'activations fit the card and are kept';
      return options.log.info({ stateBytes, validationBytes, passBytes, freeBytes }, text);
    }
    case 'measuring':
      return options.onMeasuring?.(message);
    case 'result':
    case 'aborted':
    case 'error':
      return end.resolve(message);
    default:
      return child.acknowledge(keep(message, options), { type: 'saved', number: message.number }, end.reject);
  }
}

function telemetryFor({ log, tracing }: JobProcessOptions): ChildTelemetry {
  const { name: _name, pid: _pid, hostname: _hostname, ...logBindings } = log.bindings();
  return { origin: currentOrigin(), logLevel: log.level, logBindings, ...(tracing && { tracing }) };
}

type KeptMessage = Exclude<MessageFromChild, { type: 'begun' } | FinalMessage | Progress | CompiledShape | MemoryPlanned | Measuring>;

function keep(message: KeptMessage, options: JobProcessOptions): Promise<void> | undefined {
  switch (message.type) {
    case 'reconstruction':
      return options.onReconstruction?.(message);
    case 'recomputation':
      return options.onRecomputation?.(message);
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
    case 'request-met':
      return options.onRequestMet?.(message);
    case 'drawn-image':
      return options.onDrawnImage?.(message);
  }
}
