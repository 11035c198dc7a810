// Training loop of the pretraining stages: adds log lines and snapshots to the trainer's schedule, updates, average and state files.
import { Float32Arrays, type ParameterBuffers, type TrainingProgram } from '@styleforge/runtime';
import { emaDecayAt, makeUpdate, type StateArrays, type WarmupStableDecay, warmupStableDecayAt } from '@styleforge/styleforge';
import { setImmediate } from 'node:timers/promises';
import { loadRun, type RunProgress, saveRun } from './run-state.ts';

export interface LoopOptions extends WarmupStableDecay {
  readonly program: Pick<TrainingProgram<never>, 'weights' | 'optimizer' | 'update' | 'moveAverage' | 'download'>;
  /**
   * Forward and backward of one step; returns the loss. Its inputs depend only on the step, so that a continued run gets the same inputs
   * as an uninterrupted one.
   */
  readonly pass: (step: number) => Promise<number>;
  /** Called after each update, to reset weights that the gradients must not change. */
  readonly afterUpdate?: () => void;
  readonly stateDirectory: string;
  readonly emaDecay: number;
  readonly maxGradNorm: number;
  readonly batchSize: number;
  /** Called with the averaged weights every `snapshotMinutes` and at the end. */
  readonly onSnapshot: (ema: ParameterBuffers, progress: RunProgress) => Promise<void>;
  readonly snapshotMinutes: number;
  readonly log: (line: string) => void;
}

const LOG_EVERY = 50;
/** Number of steps between two updates of the average, because a pass over all weights costs a tenth of a step. */
const EMA_EVERY = 4;

/** The update after `step` steps. */
async function makeStep(step: number, ema: ParameterBuffers, options: LoopOptions) {
  const { program, maxGradNorm } = options;
  const learningRate = warmupStableDecayAt(step, options);
  const made = await makeUpdate(program, {
    ...{ learningRate, weightDecay: 0, maxGradNorm },
    makePasses: async () => ({ loss: await options.pass(step) }),
    explain: () => `at step ${step}`,
  });
  options.afterUpdate?.();
  if ((step + 1) % EMA_EVERY === 0) await program.moveAverage(ema, 1 - emaDecayAt(step + 1, options.emaDecay) ** EMA_EVERY);
  return { ...made, learningRate };
}

/** Statistics of the steps since the last log line. */
class Stretch {
  #sum = 0;
  #count = 0;
  #start = performance.now();

  add(loss: number): void {
    this.#sum += loss;
    this.#count += 1;
  }

  /** Discards the time of the current interval so far. */
  restartClock(): void {
    this.#start = performance.now();
  }

  /** Adds the interval to the progress and starts the next one; returns its mean loss and its images a second. */
  end(progress: RunProgress, batchSize: number): { loss: number; speed: number } {
    const seconds = (performance.now() - this.#start) / 1000;
    const loss = this.#sum / this.#count;
    const speed = (this.#count * batchSize) / seconds;
    progress.seconds += seconds;
    progress.losses.push({ step: progress.step, loss });
    [this.#sum, this.#count, this.#start] = [0, 0, performance.now()];
    return { loss, speed };
  }
}

/** Trains to `steps`, continuing from the saved state if there is one. Returns the averaged weights. */
export async function runTrainingLoop(options: LoopOptions): Promise<ParameterBuffers> {
  const { program, stateDirectory, steps, batchSize, log } = options;
  const { weights, optimizer } = program;
  const ema = weights.beside(Float32Array);
  const { firstMoment: first, secondMoment: second } = optimizer;
  const state: StateArrays = { weights: new Float32Arrays(weights), ema: new Float32Arrays(ema), first, second };
  const progress = (await loadRun(stateDirectory, state)) ?? { step: 0, optimizerStep: 0, losses: [], seconds: 0 };
  optimizer.step = progress.optimizerStep;
  if (progress.step === 0) ema.copyFrom(weights);
  log(progress.step > 0 ? `continuing at step ${progress.step} of ${steps}` : `starting: ${steps} steps of ${batchSize}`);
  const stretch = new Stretch();
  let lastSnapshot = performance.now();
  while (progress.step < steps) {
    const { loss, gradNorm, learningRate } = await makeStep(progress.step, ema, options);
    // Steps run on this thread: without a turn of the event loop between them, no signal would end the process.
    await setImmediate();
    progress.step += 1;
    progress.optimizerStep = optimizer.step;
    stretch.add(loss);
    if (progress.step % LOG_EVERY !== 0 && progress.step !== steps) continue;
    const { loss: mean, speed } = stretch.end(progress, batchSize);
    const minutesLeft = ((steps - progress.step) * batchSize) / speed / 60;
    log(
      `step ${progress.step}/${steps}  loss ${mean.toFixed(4)}  grad ${gradNorm.toFixed(2)}  lr ` +
        `${learningRate.toExponential(1)}  ${speed.toFixed(1)} images/s  ${minutesLeft.toFixed(0)} min left`,
    );
    const due = performance.now() - lastSnapshot > options.snapshotMinutes * 60_000;
    if (!due && progress.step !== steps) continue;
    await program.download();
    await saveRun(stateDirectory, state, progress);
    await options.onSnapshot(ema, progress);
    lastSnapshot = performance.now();
    stretch.restartClock();
  }
  return ema;
}
