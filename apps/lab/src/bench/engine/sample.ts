// npm run bench -- sample: guided sampling steps of one image (the U-Net on its prompt and on the empty one) at a given geometry with random weights.
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
import { parseArgs } from 'node:util';
import { choiceOption, numberOption, optionalNumber } from '../../options.ts';
import { compareWithTorch } from './compare-torch.ts';
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

/** Conditions of one text as no text encoder has given them. */
function randomConditions(model: DiffusionModel, step: number): Conditions {
  const shapes = Object.entries(conditionShapes(model));
  const values = shapes.map(([name, shape], i) => {
    const purpose = i === 0 ? 'states' : `states ${i}`;
    return [name, randomNormals({ seed: 1, step, purpose }, elementCount(shape))] as const;
  });
  return Object.fromEntries(values);
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      geometry: { type: 'string', default: 'small' },
      steps: { type: 'string', default: '10' },
      threads: { type: 'string' },
      device: { type: 'string', default: DEFAULT_DEVICE },
      compare: { type: 'string' },
      python: { type: 'string' },
    },
  });
  const geometry = geometryOf(values.geometry);
  const [steps, threads, device] = [
    numberOption('steps', values.steps),
    optionalNumber('threads', values.threads),
    choiceOption('device', values.device, DEVICES),
  ];
  if (values.compare !== undefined) {
    const own = [
      '--geometry',
      values.geometry,
      '--steps',
      values.steps,
      '--device',
      device,
      ...(values.threads === undefined ? [] : ['--threads', values.threads]),
    ];
    return compareWithTorch(own, {
      library: values.compare,
      mode: 'sample',
      geometry: { ...geometry, batchSize: 2 },
      steps,
      threads,
      device,
      python: values.python,
    });
  }
  if (await ranInEngineEnvironment()) return;
  const pipeline = createPipeline(geometry, { threads, device });
  const { model } = pipeline.components;
  const seconds: number[] = [];
  let start = performance.now();
  await pipeline.denoise(
    {
      latents: randomNormals({ seed: 1, step: 0, purpose: 'latents' }, elementCount(geometry.latentShape)),
      shape: [1, ...geometry.latentShape],
      prompts: [randomConditions(model, 1)],
      negativePrompt: randomConditions(model, 2),
    },
    {
      steps,
      guidanceScale: 7.5,
      sampler: 'ddim',
      onStep: (step) => {
        seconds.push(secondsSince(start));
        print({ step, seconds: seconds.at(-1), peak_gib: peakGibibytes() });
        start = performance.now();
      },
    },
  );
  print({
    geometry: values.geometry,
    device,
    median_seconds: median(seconds.length > 1 ? seconds.slice(1) : seconds),
    peak_gib: peakGibibytes(),
    ...(deviceOf(device).isOptional && { device_gib: deviceGibibytes() }),
  });
  await pipeline.release();
}
