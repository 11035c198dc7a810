// npm run bench -- sample: guided sampling steps of one image (the U-Net on its prompt and on the empty one) at a given geometry with random weights.
import { elementCount } from '@styleforge/autodiff';
import { DEVICES } from '@styleforge/contracts';
import {
  AutoencoderKL,
  CLIPTextModel,
  parseAutoencoderKLConfig,
  parseCLIPTextConfig,
  parseUNet2DConditionConfig,
  randomNormals,
  TextToImagePipeline,
  UNet2DConditionModel,
  type WeightSource,
} from '@styleforge/diffusion';
import { DEFAULT_DEVICE, deviceOf, type CompileOptions, ParameterBuffers } from '@styleforge/runtime';
import { parseArgs } from 'node:util';
import { choiceOption, numberOption, optionalNumber } from '../options.ts';
import { compareWithTorch } from './compare-torch.ts';
import { geometryOf, schedulerConfig, type Geometry } from './geometries.ts';
import { deviceGibibytes, peakGibibytes, print, ranInEngineEnvironment, secondsSince } from './process.ts';
import { fillRandom } from './random-weights.ts';
import { median } from './statistics.ts';

const randomWeights: WeightSource = async (wanted) => {
  const weights = new ParameterBuffers([...wanted].map(([name, shape]) => ({ name, shape })));
  fillRandom(weights);
  return new Map(weights.entries());
};

function createPipeline({ unet, textEncoder, vae }: Geometry, compile: CompileOptions): TextToImagePipeline {
  return new TextToImagePipeline(
    {
      unet: new UNet2DConditionModel(parseUNet2DConditionConfig(unet)),
      textEncoder: new CLIPTextModel(parseCLIPTextConfig(textEncoder)),
      schedulerConfig,
      vae: new AutoencoderKL(parseAutoencoderKLConfig(vae)),
      weights: { unet: randomWeights, vae: randomWeights, textEncoder: randomWeights },
    },
    compile,
  );
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
  const { max_position_embeddings: tokens, hidden_size: features } = pipeline.components.textEncoder.config;
  const states = (step: number): Float32Array => randomNormals({ seed: 1, step, purpose: 'states' }, tokens * features);
  const seconds: number[] = [];
  let start = performance.now();
  await pipeline.denoise(
    {
      latents: randomNormals({ seed: 1, step: 0, purpose: 'latents' }, elementCount(geometry.latentShape)),
      shape: [1, ...geometry.latentShape],
      prompts: [states(1)],
      negativePrompt: states(2),
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
