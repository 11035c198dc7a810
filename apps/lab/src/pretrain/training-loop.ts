// The loop that both stages share: schedule, moving average, log lines, saved state, snapshots.
import { Float32Arrays, moveTowards, type AdamW, type ParameterBuffers, type UpdateOptions } from '@styleforge/runtime';
import { loadState, saveState, type RunProgress } from './run-state.ts';

export interface LoopOptions {
  readonly weights: ParameterBuffers;
  readonly optimizer: AdamW;
  /**
   * Forward and backward of one step; returns the loss. What it feeds is a function of the step alone, so that
   * a continued run sees what an uninterrupted one sees.
   */
  readonly pass: (step: number) => Promise<number>;
  readonly update: (options: UpdateOptions) => Promise<{ gradNorm: number }>;
  readonly stateDirectory: string;
  readonly steps: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly emaDecay: number;
  readonly maxGradNorm: number;
  readonly batchSize: number;
  /** Called with the averaged weights every `snapshotMinutes` and at the end. */
  readonly onSnapshot: (ema: ParameterBuffers, progress: RunProgress) => Promise<void>;
  readonly snapshotMinutes: number;
  readonly log: (line: string) => void;
}

const LOG_EVERY = 50;
/** The average moves once in so many steps, by as much: a pass over all weights costs a tenth of a step. */
const EMA_EVERY = 4;

/** The last part of the steps, in which the rate falls; until then a run can be continued to more steps without a change of plan. */
const FALLING = 0.35;

/** Linear warm-up, then constant, then half a cosine down to a hundredth. */
function learningRateAt(step: number, { learningRate, warmupSteps, steps }: LoopOptions): number {
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const fallen = Math.max(0, (step - steps * (1 - FALLING)) / (steps * FALLING));
  return learningRate * (0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * fallen)));
}

/** Early steps average over fewer. */
const decayAt = (step: number, decay: number): number => Math.min(decay, (1 + step) / (10 + step));

/** Trains to `steps`, continuing from the saved state where there is one. Returns the averaged weights. */
export async function runTrainingLoop(options: LoopOptions): Promise<ParameterBuffers> {
  const { weights, optimizer, stateDirectory, steps, log } = options;
  const ema = weights.beside(Float32Array);
  const state = {
    buffers: {
      weights: new Float32Arrays(weights),
      ema: new Float32Arrays(ema),
      first: optimizer.firstMoment,
      second: optimizer.secondMoment,
    },
  };
  const progress = (await loadState(stateDirectory, state)) ?? { step: 0, optimizerStep: 0, losses: [], seconds: 0 };
  optimizer.step = progress.optimizerStep;
  if (progress.step === 0) ema.copyFrom(weights);
  log(progress.step > 0 ? `continuing at step ${progress.step} of ${steps}` : `starting: ${steps} steps of ${options.batchSize}`);
  let [sum, count] = [0, 0];
  let stretchStart = performance.now();
  let lastSnapshot = performance.now();
  while (progress.step < steps) {
    const loss = await options.pass(progress.step);
    const learningRate = learningRateAt(progress.step, options);
    const { gradNorm } = await options.update({ learningRate, weightDecay: 0, maxGradNorm: options.maxGradNorm });
    if (!Number.isFinite(gradNorm)) throw new Error(`the gradient is not finite at step ${progress.step}`);
    if ((progress.step + 1) % EMA_EVERY === 0) {
      const decay = decayAt(progress.step, options.emaDecay) ** EMA_EVERY;
      moveTowards(ema, weights, 1 - decay);
    }
    progress.step += 1;
    progress.optimizerStep = optimizer.step;
    sum += loss;
    count += 1;
    if (progress.step % LOG_EVERY === 0 || progress.step === steps) {
      const seconds = (performance.now() - stretchStart) / 1000;
      progress.seconds += seconds;
      progress.losses.push({ step: progress.step, loss: sum / count });
      const speed = (count * options.batchSize) / seconds;
      const minutesLeft = ((steps - progress.step) * options.batchSize) / speed / 60;
      log(
        `step ${progress.step}/${steps}  loss ${(sum / count).toFixed(4)}  grad ${gradNorm.toFixed(2)}  lr ${learningRate.toExponential(1)}  ${speed.toFixed(1)} images/s  ${minutesLeft.toFixed(0)} min left`,
      );
      [sum, count] = [0, 0];
      stretchStart = performance.now();
    }
    const due = performance.now() - lastSnapshot > options.snapshotMinutes * 60_000 && progress.step % LOG_EVERY === 0;
    if (due || progress.step === steps) {
      await saveState(stateDirectory, state, progress);
      await options.onSnapshot(ema, progress);
      lastSnapshot = stretchStart = performance.now();
    }
  }
  return ema;
}
