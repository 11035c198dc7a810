// npm run bench -- parity: runs the same training steps on a device and on the processor, and measures the difference of the results.
import { DEVICES, GRADIENT_KERNELS, MIXED_PRECISIONS } from '@styleforge/contracts';
import { DEFAULT_DEVICE, type CompileOptions, type ParameterBuffers } from '@styleforge/runtime';
import { readCommandLine } from '../../command-line.ts';
import { choiceOption, numberOption } from '../../options.ts';
import { GRADIENT_OPTIONS, RUN_OPTIONS } from './engine-options.ts';
import { geometryOf, type Geometry } from './geometries.ts';
import { print } from '../process.ts';
import { fillRandom } from './random-weights.ts';
import { mean } from '../statistics.ts';
import { YES_NO } from './train.ts';
import { createStep, feedsFor } from './train-step.ts';

interface Trained {
  readonly losses: number[];
  readonly norms: number[];
  readonly weights: ParameterBuffers;
}

async function trained(geometry: Geometry, steps: number, compile: CompileOptions): Promise<Trained> {
  const step = await createStep(geometry, compile);
  fillRandom(step.weights);
  const [losses, norms]: number[][] = [[], []];
  while (norms.length < steps) {
    const { sampleLosses: loss } = await step.backward(feedsFor(geometry, norms.length));
    const { gradNorm, overflowed } = await step.update({ learningRate: 1e-4, weightDecay: 1e-2, maxGradNorm: 1 });
    if (overflowed) continue;
    losses.push(mean(loss));
    norms.push(gradNorm);
  }
  await step.download();
  await step.release();
  return { losses, norms, weights: step.weights };
}

/** Sum of the squared differences of all weights. */
function squaredDistance(a: ParameterBuffers, b: ParameterBuffers): number {
  let sum = 0;
  for (const [name, values] of b.entries())
    a.get(name).forEach((value, i) => {
      sum += (value - values[i]) ** 2;
    });
  return sum;
}

const largestRelative = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value / b[i] - 1)));
const rounded = (value: number): number => Number(value.toPrecision(3));

const program = {
  usage: 'npm run bench -- parity',
  about: 'Trains some steps on a device and on the processor, and compares the weights.',
  options: {
    ...RUN_OPTIONS,
    ...GRADIENT_OPTIONS,
    device: { ...RUN_OPTIONS.device, default: 'cuda' },
    tf32: { type: 'string', default: 'no', help: 'whether CUDA may compute products in TF32' },
  },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = readCommandLine({ ...program, args });
  const [geometry, steps, device] = [
    geometryOf(values.geometry),
    numberOption('steps', values.steps),
    choiceOption('device', values.device, DEVICES),
  ];
  const precision = choiceOption('precision', values.precision, MIXED_PRECISIONS);
  const tf32 = choiceOption('tf32', values.tf32, YES_NO);
  const gradientKernels = choiceOption('kernels', values.kernels, GRADIENT_KERNELS);
  const compile = { device, mixedPrecision: precision === 'fp16', tf32: tf32 === 'yes', records: !values.plain, gradientKernels };
  const [ours, reference] = [await trained(geometry, steps, compile), await trained(geometry, steps, { device: DEFAULT_DEVICE })];
  const [zeros, start] = [reference.weights.alike(), reference.weights.alike()];
  fillRandom(start);
  const squaredDifference = squaredDistance(ours.weights, reference.weights);
  print({
    geometry: values.geometry,
    device,
    precision,
    tf32,
    kernels: gradientKernels,
    steps,
    losses: rounded(largestRelative(ours.losses, reference.losses)),
    grad_norms: rounded(largestRelative(ours.norms, reference.norms)),
    weights: rounded(Math.sqrt(squaredDifference / squaredDistance(reference.weights, zeros))),
    of_the_way_that_weights_moved: rounded(Math.sqrt(squaredDifference / squaredDistance(reference.weights, start))),
  });
}
