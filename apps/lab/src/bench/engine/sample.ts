// npm run bench -- sample: guided sampling steps of one image (the U-Net on its prompt and on the empty one) at a given geometry with
// random weights.
import { elementCount } from '@styleforge/autodiff';
import { DEVICES } from '@styleforge/contracts';
import {
  conditionShapes,
  randomNormals,
  TextToImagePipeline,
  type Conditions,
  type DiffusionModel,
  type WeightSource,
} from '@styleforge/diffusion';
import { DEFAULT_DEVICE, deviceOf, type CompileOptions, ParameterBuffers } from '@styleforge/runtime';
import { readCommandLine } from '../../command-line.ts';
import { choiceOption, numberOption, optionalNumber } from '../../options.ts';
import { compareWithTorch } from './compare-torch.ts';
import { COMPARISON_OPTIONS, RUN_OPTIONS } from './engine-options.ts';
import { geometryOf, modelOfGeometry, schedulerConfig, type Geometry } from './geometries.ts';
import { deviceGibibytes, peakGibibytes, print, ranInEngineEnvironment, secondsSince } from '../process.ts';
import { fillRandom } from './random-weights.ts';
import { median } from '../statistics.ts';

const randomWeights: WeightSource = async (wanted) => {
  const weights = new ParameterBuffers([...wanted].map(([name, shape]) => ({ name, shape })));
  fillRandom(weights);
  return new Map(weights.entries());
};

function createPipeline(geometry: Geometry, compile: CompileOptions): TextToImagePipeline {
  const model = modelOfGeometry(geometry);
  const weights = Object.fromEntries(model.files.components.map(({ name }) => [name, randomWeights]));
  return new TextToImagePipeline({ model, schedulerConfig, weights }, compile);
}

/** Random conditions of one text, in the shape of a text encoder's output. */
function randomConditions(model: DiffusionModel, step: number): Conditions {
  const shapes = Object.entries(conditionShapes(model));
  const values = shapes.map(([name, shape], i) => {
    const purpose = i === 0 ? 'states' : `states ${i}`;
    return [name, randomNormals({ seed: 1, step, purpose }, elementCount(shape))] as const;
  });
  return Object.fromEntries(values);
}

const program = {
  usage: 'npm run bench -- sample',
  about: 'Measures sampling with random weights, and on request torch beside it.',
  options: {
    ...RUN_OPTIONS,
    ...COMPARISON_OPTIONS,
    device: { ...RUN_OPTIONS.device, default: DEFAULT_DEVICE },
  },
} as const;

function readSettings(args: string[]) {
  const { values } = readCommandLine({ ...program, args });
  const compile = { threads: optionalNumber('threads', values.threads), device: choiceOption('device', values.device, DEVICES) };
  return { values, geometry: geometryOf(values.geometry), steps: numberOption('steps', values.steps), compile };
}

type Settings = ReturnType<typeof readSettings>;

function compare(library: string, { values, geometry, steps, compile }: Settings): Promise<void> {
  const own = (['geometry', 'steps', 'device', 'threads'] as const).flatMap((name) =>
    values[name] === undefined ? [] : [`--${name}`, values[name]],
  );
  return compareWithTorch(own, {
    library,
    mode: 'sample',
    geometry: { ...geometry, batchSize: 2 },
    steps,
    ...compile,
    python: values.python,
  });
}

/** Makes the steps and prints each of them; returns their seconds. */
async function denoise(pipeline: TextToImagePipeline, { geometry, steps }: Settings): Promise<number[]> {
  const { model } = pipeline.components;
  const seconds: number[] = [];
  let start = performance.now();
  const onStep = (step: number): void => {
    seconds.push(secondsSince(start));
    print({ step, seconds: seconds.at(-1), peak_gib: peakGibibytes() });
    start = performance.now();
  };
  const begun = {
    latents: randomNormals({ seed: 1, step: 0, purpose: 'latents' }, elementCount(geometry.latentShape)),
    shape: [1, ...geometry.latentShape] as const,
    prompts: [randomConditions(model, 1)],
    negativePrompt: randomConditions(model, 2),
  };
  await pipeline.denoise(begun, { steps, guidanceScale: 7.5, sampler: 'ddim', onStep });
  return seconds;
}

export async function run(args: string[]): Promise<void> {
  const settings = readSettings(args);
  const { values, geometry, compile } = settings;
  if (values.compare !== undefined) return compare(values.compare, settings);
  if (await ranInEngineEnvironment()) return;
  const pipeline = createPipeline(geometry, compile);
  const seconds = await denoise(pipeline, settings);
  print({
    geometry: values.geometry,
    device: compile.device,
    median_seconds: median(seconds.length > 1 ? seconds.slice(1) : seconds),
    peak_gib: peakGibibytes(),
    ...(deviceOf(compile.device).isOptional && { device_gib: deviceGibibytes() }),
  });
  await pipeline.release();
}
