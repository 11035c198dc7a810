// Whether a training on a card keeps its activations or computes some or all of them again: decided by what the card has free, before
// anything is allocated on it.
import { gradients } from '@styleforge/autodiff';
import { type DeviceName, passMemory } from '@styleforge/runtime';
import { TrainingInputError } from '../config.ts';
import { trainStepGraph, type TrainStepOptions } from '../loss/train-step.ts';
import { validationMemory } from './validation-memory.ts';
import { elementsOf, gibibytes, memoryNeed, type MemoryOptions } from './memory.ts';

/**
 * What cuDNN, cuBLAS and onnxruntime take in addition to the values of a pass; and a twentieth of the values, since the plan of a pass is
 * that much off (docs/experiments/gpu.md).
 */
const WORKSPACES = 2 ** 30;
const FRAGMENTATION = 1.05;

export interface MemoryPlan {
  /** Whether activations are computed again for the backward pass. */
  readonly recomputes: boolean;
  /** Whether those are that are expensive to compute, too. */
  readonly recomputesAll: boolean;
  /** Weights, gradients, moments and averages. */
  readonly stateBytes: number;
  /** Weights and passes of validation images; 0 without them. */
  readonly validationBytes: number;
  /** Memory that onnxruntime's arena takes for the values of a pass. */
  readonly passBytes: number;
  readonly freeBytes: number;
}

export type PlannedStep = Pick<
  TrainStepOptions,
  | 'model'
  | 'batchSize'
  | 'promptCount'
  | 'tokenCount'
  | 'latentShape'
  | 'trainsText'
  | 'adaptation'
  | 'gradientCheckpointing'
  | 'adamw'
  | 'compile'
>;

interface PlanOptions {
  readonly device: DeviceName;
  readonly mixedPrecision: boolean;
  readonly state: MemoryOptions;
  /** Whether images are generated on the same card during the training. */
  readonly validates: boolean;
  readonly freeBytes: number;
}

type Recomputation = Pick<MemoryPlan, 'recomputes' | 'recomputesAll'>;

/** What is tried, the fastest first. */
const CHOICES: readonly Recomputation[] = [
  { recomputes: false, recomputesAll: false },
  { recomputes: true, recomputesAll: false },
  { recomputes: true, recomputesAll: true },
];

function measure(
  step: PlannedStep,
  { recomputes, recomputesAll }: Recomputation,
  { device, mixedPrecision, state }: PlanOptions,
): [state: number, pass: number] {
  const options: TrainStepOptions = { ...step, gradientCheckpointing: recomputes, recomputesAll };
  const { graph, loss, sampleLosses } = trainStepGraph(options);
  const trains = (name: string): boolean => step.adaptation?.ratesOf(name) !== null;
  const trained = [...graph.parameters].filter(([name]) => trains(name)).map(([, parameter]) => parameter);
  const computed = gradients(graph, loss, trained);
  const outputs = Object.fromEntries(computed.map((gradient, i) => [`gradient:${i}`, gradient]));
  const compile = { mixedPrecision, keepMemory: !recomputes, gradientKernels: step.compile?.gradientKernels };
  const pass = passMemory(graph, { ...outputs, sampleLosses }, device, compile);
  const elements = elementsOf(graph);
  return [memoryNeed(elements, trains, { ...state, stored: pass.weights }).bytes, pass.bytes];
}

/**
 * Chooses recomputation if it was requested or if the training would not fit otherwise, and no more of it than that takes. Throws
 * TrainingInputError if it cannot fit.
 */
export function planMemory(step: PlannedStep, options: PlanOptions): MemoryPlan {
  const { freeBytes } = options;
  const validationBytes = options.validates ? validationMemory(step, options.device) : 0;
  let [least, kept] = [0, 0];
  for (const choice of step.gradientCheckpointing ? CHOICES.slice(1) : CHOICES) {
    const [stateBytes, passBytes] = measure(step, choice, options);
    const needed = stateBytes + validationBytes + passBytes * FRAGMENTATION + WORKSPACES;
    if (needed <= freeBytes) return { ...choice, stateBytes, validationBytes, passBytes, freeBytes };
    [least, kept] = [needed, stateBytes];
  }
  throw new TrainingInputError(
    `this training needs about ${gibibytes(least)} of the card's memory, even when it computes activations again: ` +
      `${gibibytes(kept)} for weights, gradients ` +
      `and moments, ${validationText(validationBytes)}the rest for a pass; ${options.device} has ${gibibytes(freeBytes)} free: ` +
      "train fewer weights (adaptation 'lora' or 'textual-inversion', train_text_encoder false), take adam_moments " +
      "'bfloat16', gradient_precision 'float16', a smaller resolution or train_batch_size with more " +
      `gradient_accumulation_steps, ${validationBytes > 0 ? 'no validation, ' : ''}or a worker with a larger card`,
  );
}

const validationText = (bytes: number): string => (bytes > 0 ? `${gibibytes(bytes)} for validation images, ` : '');
