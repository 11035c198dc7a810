// Checks that a training fits into the machine's memory before anything is allocated. The error says how much it needs and what helps.
import { totalmem } from 'node:os';
import { SMALL_ADAPTATIONS } from '@styleforge/contracts';
import { elementCount, type Graph } from '@styleforge/autodiff';
import { type GradientPrecision, type MomentPrecision, type PassMemory } from '@styleforge/runtime';
import { TrainingInputError, type TrainingHyperparameters } from '../config.ts';

const GIBIBYTE = 2 ** 30;
const FLOAT32 = 4;
const HALF = 2;
const BYTES = { float32: FLOAT32, float16: HALF };

export interface MemoryOptions {
  /** Prodigy keeps four numbers for each weight, AdamW two. */
  readonly optimizer: TrainingHyperparameters['optimizer'];
  readonly momentPrecision: MomentPrecision;
  readonly gradientPrecision: GradientPrecision;
  /** Whether a second set of the trained weights is kept. */
  readonly ema: boolean;
  /** Precisions that a device stores each weight in; default: float32. Those that train are stored as float32 in any case. */
  readonly stored?: PassMemory['weights'];
}

export interface MemoryNeed {
  readonly trained: number;
  readonly frozen: number;
  /** Bytes of weights, gradients, moments and averages, without the values of a pass. */
  readonly bytes: number;
}

/** Computes the need. `parameters`: number of elements of each weight. */
export function memoryNeed(parameters: ReadonlyMap<string, number>, trains: (name: string) => boolean, options: MemoryOptions): MemoryNeed {
  let [trained, frozen, frozenBytes] = [0, 0, 0];
  for (const [name, count] of parameters) {
    if (trains(name)) trained += count;
    else frozen += count;
    if (!trains(name)) frozenBytes += count * storedBytes(options.stored, name);
  }
  // in one block, whichever of them are read so
  const hasCopies = [...(options.stored ?? [])].some(([name, precisions]) => trains(name) && precisions.includes('float16'));
  const gradients = options.gradientPrecision === 'float32' ? FLOAT32 : HALF;
  const moments = (options.optimizer === 'prodigy' ? 4 : 2) * (options.momentPrecision === 'float32' ? FLOAT32 : HALF);
  const ofTrained = FLOAT32 + gradients + moments + (options.ema ? FLOAT32 : 0) + (hasCopies ? HALF : 0);
  return { trained, frozen, bytes: trained * ofTrained + frozenBytes };
}

const storedBytes = (stored: MemoryOptions['stored'], name: string): number =>
  stored ? (stored.get(name) ?? []).reduce((sum, precision) => sum + BYTES[precision], 0) : FLOAT32;

export const elementsOf = ({ parameters }: Graph): ReadonlyMap<string, number> =>
  new Map([...parameters].map(([name, { shape }]) => [name, elementCount(shape)]));

/** Memory that this process may use: that of the machine, or the limit of its container. */
export function availableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

export const gibibytes = (bytes: number): string => `${(bytes / GIBIBYTE).toFixed(1)} GiB`;
const millions = (count: number): string => `${(count / 1e6).toFixed(1)} million`;

/** Throws TrainingInputError if weights, gradients and moments alone exceed the memory. */
export function requireMemory({ trained, frozen, bytes }: MemoryNeed, available: number): void {
  if (bytes <= available) return;
  throw new TrainingInputError(
    `this training needs ${gibibytes(bytes)} of memory for ${millions(trained)} trained and ${millions(frozen)} ` +
      'frozen weights with their gradients and moments, ' +
      `and the worker has ${gibibytes(available)}: train fewer weights (adaptation ` +
      `${SMALL_ADAPTATIONS.join(' or ')}, train_text_encoder false), ` +
      "take adam_moments 'bfloat16' and gradient_precision 'float16' without ema, or a worker with more memory",
  );
}
