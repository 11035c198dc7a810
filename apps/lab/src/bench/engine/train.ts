// npm run bench -- train: the dual-binding step at a given geometry with random weights: seconds, samples a second, peak memory; with
// --profile also the time of each operation.
import { DEVICES, GRADIENT_KERNELS, MIXED_PRECISIONS } from '@styleforge/contracts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_DEVICE, deviceOf } from '@styleforge/runtime';
import { readCommandLine } from '../../command-line.ts';
import { choiceOption, numberOption, optionalNumber, CallError } from '../../options.ts';
import { type TrainStep } from '@styleforge/styleforge';
import { compareWithTorch } from './compare-torch.ts';
import { COMPARISON_OPTIONS, GRADIENT_OPTIONS, RUN_OPTIONS } from './engine-options.ts';
import { atResolution, geometryOf } from './geometries.ts';
import { deviceGibibytes, peakGibibytes, print, ranInEngineEnvironment, residentGibibytes, secondsSince } from '../process.ts';
import { takeProfile } from './profile.ts';
import { fillRandom } from './random-weights.ts';
import { mean, median } from '../statistics.ts';
import { BENCH_METHODS, createStep, feedsFor } from './train-step.ts';

/** Whether products may use TensorFloat-32 (`--tf32`). */
export const YES_NO = ['yes', 'no'] as const;

/** Options that a comparison passes to this benchmark. */
const PASSED_ON = [
  'geometry',
  'steps',
  'batch',
  'threads',
  'device',
  'precision',
  'method',
  'tf32',
  'kernels',
  'recompute',
  'resolution',
  'state',
] as const;

/** Precision of moments and gradients (`--state`): that of the geometry, or float32 as in torch. */
const STATES = ['usual', 'float32'] as const;

/** Number of printed operations; a trace contains about forty kinds. */
const PROFILE_LINES = 15;

function batchOption(text: string): number {
  const batchSize = numberOption('batch', text, { least: 2 });
  if (batchSize % 2 !== 0) throw new CallError(`--batch ${text}: give an even number; half of the samples are of StyleRef, half of Aux`);
  return batchSize;
}

const program = {
  usage: 'npm run bench -- train',
  about: 'Measures the steps of a training with random weights: time, memory, and on request torch beside it.',
  options: {
    ...RUN_OPTIONS,
    ...GRADIENT_OPTIONS,
    ...COMPARISON_OPTIONS,
    device: { ...RUN_OPTIONS.device, default: DEFAULT_DEVICE },
    batch: { type: 'string', help: 'samples of a step, half of them Aux (default: that of the geometry)' },
    method: { type: 'string', default: 'full', help: `what is trained: ${BENCH_METHODS.join(', ')}` },
    profile: { type: 'boolean', default: false, help: 'also measure the operations of a step' },
    tf32: { type: 'string', default: 'yes', help: 'whether CUDA may compute products in TF32' },
    recompute: { type: 'string', help: 'whether activations are computed again in the backward pass (default: that of the geometry)' },
    resolution: { type: 'string', help: 'side of the images in pixels (default: that of the geometry)' },
    state: { type: 'string', default: 'usual', help: `precision of moments and gradients: ${STATES.join(', ')}` },
    'torch-compile': { type: 'string', default: 'yes', help: 'whether torch.compile is measured, too' },
  },
} as const;

function readSettings(args: string[]) {
  const { values } = readCommandLine({ ...program, args });
  const geometry = {
    ...atResolution(geometryOf(values.geometry), optionalNumber('resolution', values.resolution)),
    ...(values.batch !== undefined && { batchSize: batchOption(values.batch) }),
    ...(values.recompute !== undefined && { gradientCheckpointing: choiceOption('recompute', values.recompute, YES_NO) === 'yes' }),
    ...(choiceOption('state', values.state, STATES) === 'float32' &&
      ({ momentPrecision: 'float32', gradientPrecision: 'float32' } as const)),
  };
  const compile = {
    threads: optionalNumber('threads', values.threads),
    device: choiceOption('device', values.device, DEVICES),
    mixedPrecision: choiceOption('precision', values.precision, MIXED_PRECISIONS) === 'fp16',
    tf32: choiceOption('tf32', values.tf32, YES_NO) === 'yes',
    records: !values.plain,
    gradientKernels: choiceOption('kernels', values.kernels, GRADIENT_KERNELS),
  };
  const steps = numberOption('steps', values.steps);
  return { values, geometry, steps, method: choiceOption('method', values.method, BENCH_METHODS), compile };
}

type Settings = ReturnType<typeof readSettings>;

function compare(library: string, { values, geometry, steps, method, compile: { threads, device } }: Settings): Promise<void> {
  const own = PASSED_ON.flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]]));
  if (values.plain) own.push('--plain');
  const compiles = choiceOption('torch-compile', values['torch-compile'], YES_NO) === 'yes';
  return compareWithTorch(own, { library, mode: 'train', method, geometry, steps, threads, device, compiles, python: values.python });
}

/** Makes the steps and prints each of them; returns their seconds. */
async function makeSteps(step: TrainStep, { geometry, steps, method }: Settings): Promise<number[]> {
  const seconds: number[] = [];
  for (let index = 0; index < steps; index++) {
    const start = performance.now();
    const { sampleLosses: losses } = await step.backward(feedsFor(geometry, index, method));
    const backward = secondsSince(start);
    const { gradNorm } = await step.update({ learningRate: 1e-6, weightDecay: 1e-2, maxGradNorm: 1 });
    seconds.push(secondsSince(start));
    print({
      step: index + 1,
      seconds: seconds.at(-1),
      backward,
      loss: mean(losses),
      grad_norm: gradNorm,
      resident_gib: residentGibibytes(),
      peak_gib: peakGibibytes(),
    });
  }
  return seconds;
}

function printSummary({ values, geometry, method, compile: { device } }: Settings, seconds: readonly number[]): void {
  const typical = median(seconds.length > 1 ? seconds.slice(1) : seconds);
  print({
    geometry: values.geometry,
    method,
    device: values.device,
    precision: values.precision,
    tf32: values.tf32,
    kernels: values.kernels,
    recorded: !values.plain && !geometry.gradientCheckpointing,
    state: { moments: geometry.momentPrecision, gradients: geometry.gradientPrecision },
    batch: geometry.batchSize,
    median_seconds: typical,
    samples_per_second: geometry.batchSize / typical,
    peak_gib: peakGibibytes(),
    ...(deviceOf(device).isOptional && { device_gib: deviceGibibytes() }),
  });
}

export async function run(args: string[]): Promise<void> {
  const settings = readSettings(args);
  const { values, geometry, steps, method } = settings;
  if (values.compare !== undefined) return compare(values.compare, settings);
  if (await ranInEngineEnvironment({ savesMemory: geometry.gradientCheckpointing })) return;
  const traces = values.profile ? await mkdtemp(join(tmpdir(), 'styleforge-profile-')) : undefined;
  const start = performance.now();
  const compile = { ...settings.compile, ...(traces !== undefined && { profile: join(traces, 'trace') }) };
  const step = await createStep(geometry, compile, method);
  print({ phase: 'compiled', seconds: secondsSince(start), peak_gib: peakGibibytes() });
  fillRandom(step.weights);
  const parameters = step.weights.specs.reduce((sum, { name }) => sum + step.weights.get(name).length, 0);
  print({ phase: 'ready', parameters, seconds: secondsSince(start), peak_gib: peakGibibytes() });
  printSummary(settings, await makeSteps(step, settings));
  await step.release();
  if (traces === undefined) return;
  for (const time of (await takeProfile(join(traces, 'trace'), steps)).slice(0, PROFILE_LINES)) print({ ...time });
  await rm(traces, { recursive: true });
}
