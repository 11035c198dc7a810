// Stage one: the autoencoder between 64x64 pixels and 16x16 latents.
import { Graph, type Tensor } from '@styleforge/autodiff';
import { AutoencoderKL, parseAutoencoderKLConfig, permutation, randomIntegers, randomNormals, randomUniforms } from '@styleforge/diffusion';
import { ParameterBuffers, Program, TrainingProgram } from '@styleforge/runtime';
import { contactSheet, imageOf, type ImageCache } from '@styleforge/samples';
import { readDiffusersFolder } from '@styleforge/weights';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGE_SIZE, LATENT_CHANNELS, LATENT_SIZE, vaeConfig } from './geometry.ts';
import { initializeWeights } from './initialize.ts';
import { runTrainingLoop } from './training-loop.ts';

export interface VaeStageOptions {
  readonly cache: ImageCache;
  readonly directory: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly threads?: number;
  readonly log: (line: string) => void;
  /** A diffusers folder whose autoencoder the first step starts from. */
  readonly initialModel?: string;
}

export interface DecoderStageOptions extends Omit<VaeStageOptions, 'initialModel'> {
  /** The whole autoencoder; its encoder stays as it is, so that latents keep their meaning. */
  readonly vae: ParameterBuffers;
}

/** Weight of the divergence from a standard normal, per latent against per pixel: keeps latents bounded, no more. */
const KL_WEIGHT = 1e-4;
const PIXELS = IMAGE_SIZE * IMAGE_SIZE;

export const VAE_PREFIX = 'vae.';
export const newVae = (): AutoencoderKL => new AutoencoderKL(parseAutoencoderKLConfig(vaeConfig));

function buildGraph(batch: number): { graph: Graph; loss: Tensor } {
  const graph = new Graph();
  const vae = newVae();
  const pixels = graph.input('pixels', [batch, 3, IMAGE_SIZE, IMAGE_SIZE]);
  const noise = graph.input('noise', [batch, LATENT_CHANNELS, LATENT_SIZE, LATENT_SIZE]);
  const { mean, logvar } = vae.encode(graph, pixels, VAE_PREFIX);
  const latents = graph.add(mean, graph.mul(graph.exp(graph.mul(logvar, 0.5)), noise));
  const error = graph.sub(vae.decode(graph, latents, VAE_PREFIX), pixels);
  const squared = graph.square(error);
  const axes = [0, 1, 2, 3];
  const reconstruction = graph.reduceMean(graph.add(squared, graph.sqrt(graph.add(squared, 1e-6))), axes);
  const divergence = graph.reduceMean(graph.sub(graph.sub(graph.add(graph.square(mean), graph.exp(logvar)), 1), logvar), axes);
  return { graph, loss: graph.add(reconstruction, graph.mul(divergence, KL_WEIGHT * 0.5)) };
}

/** RGB bytes to planes in -1..1; channels permuted, inverted and mirrored at random where `variant` is given. */
export function toPlanes(
  rgb: Uint8Array,
  target: Float32Array,
  offset: number,
  variant?: { order: Int32Array; invert: boolean; mirror: boolean },
): void {
  for (let channel = 0; channel < 3; channel++) {
    const from = variant ? variant.order[channel] : channel;
    for (let i = 0; i < PIXELS; i++) {
      const source = variant?.mirror ? i - (i % IMAGE_SIZE) + (IMAGE_SIZE - 1 - (i % IMAGE_SIZE)) : i;
      const value = rgb[source * 3 + from] / 127.5 - 1;
      target[offset + channel * PIXELS + i] = variant?.invert ? -value : value;
    }
  }
}

/** Colour variants teach the decoder palettes that the base styles lack, so that unseen styles survive the latents. */
function batchOf(cache: ImageCache, step: number, batchSize: number, seed: number): Float32Array {
  const picks = randomIntegers({ seed, step, purpose: 'vae-images' }, batchSize, cache.records.length);
  const chances = randomUniforms({ seed, step, purpose: 'vae-variants' }, 3 * batchSize);
  const planes = new Float32Array(batchSize * 3 * PIXELS);
  picks.forEach((pick, i) => {
    const plain = chances[3 * i] < 0.5;
    const order = plain ? Int32Array.of(0, 1, 2) : permutation({ seed, step, purpose: 'vae-channels', index: i }, 3);
    toPlanes(imageOf(cache, cache.records[pick]), planes, i * 3 * PIXELS, {
      order,
      invert: !plain && chances[3 * i + 1] < 0.3,
      mirror: chances[3 * i + 2] < 0.5,
    });
  });
  return planes;
}

async function readInitialWeights(directory: string, weights: ParameterBuffers): Promise<void> {
  const reader = await (await readDiffusersFolder(directory)).vae.openWeights();
  try {
    for (const { name } of weights.specs) await reader.readInto(name.slice(VAE_PREFIX.length), weights.get(name));
  } finally {
    await reader.close();
  }
}

/** Encoder and decoder together. Returns the averaged weights. */
export async function trainVae(options: VaeStageOptions): Promise<ParameterBuffers> {
  const { graph } = buildGraph(options.batchSize);
  const weights = new ParameterBuffers([...graph.parameters].map(([name, { shape }]) => ({ name, shape })));
  if (options.initialModel) await readInitialWeights(options.initialModel, weights);
  else initializeWeights(weights, options.seed);
  return trainPart(options, { trainable: weights, frozen: [], name: 'vae' });
}

const ENCODER = /^vae\.(encoder|quant_conv)\./;

/** The decoder alone, after the U-Net: sharper pictures from the same latents. Returns all averaged weights. */
export async function trainDecoder({ vae, ...options }: DecoderStageOptions): Promise<ParameterBuffers> {
  const trainable = new ParameterBuffers(vae.specs.filter(({ name }) => !ENCODER.test(name)));
  for (const { name } of trainable.specs) trainable.get(name).set(vae.get(name));
  const averaged = await trainPart(options, {
    trainable,
    frozen: [...vae.entries()].filter(([name]) => ENCODER.test(name)),
    name: 'decoder',
  });
  const whole = vae.alike();
  for (const { name } of whole.specs) whole.get(name).set((averaged.has(name) ? averaged : vae).get(name));
  return whole;
}

interface Part {
  readonly trainable: ParameterBuffers;
  readonly frozen: readonly (readonly [string, Float32Array])[];
  /** Names the folder of the saved state and the sheets. */
  readonly name: string;
}

async function trainPart(
  { cache, directory, batchSize, seed, steps, log, learningRate, threads }: VaeStageOptions,
  { trainable, frozen, name }: Part,
): Promise<ParameterBuffers> {
  const { graph, loss } = buildGraph(batchSize);
  const program = await TrainingProgram.create({
    graph,
    loss,
    outputs: { loss },
    trainable,
    frozen,
    adamw: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
    compile: { threads },
  });
  const ema = await runTrainingLoop({
    weights: trainable,
    optimizer: program.optimizer,
    update: (update) => program.update(update),
    steps,
    batchSize,
    log,
    stateDirectory: join(directory, `state-${name}`),
    learningRate,
    warmupSteps: 100,
    emaDecay: 0.999,
    maxGradNorm: 1,
    snapshotMinutes: 3,
    pass: async (step) =>
      (
        await program.backward({
          pixels: batchOf(cache, step, batchSize, seed),
          noise: randomNormals({ seed, step, purpose: 'vae-posterior' }, batchSize * LATENT_CHANNELS * LATENT_SIZE ** 2),
        })
      ).loss[0],
    onSnapshot: async (averaged, { step }) => {
      const { psnr, sheet } = await reconstruct(cache, [...frozen, ...averaged.entries()]);
      await mkdir(join(directory, 'sheets'), { recursive: true });
      await writeFile(join(directory, 'sheets', `${name}-${String(step).padStart(6, '0')}.png`), sheet);
      log(`${name} at step ${step}: ${psnr.toFixed(2)} dB over ${SHEET_IMAGES} pictures`);
    },
  });
  await program.release();
  return ema;
}

const SHEET_IMAGES = 24;

/** Peak signal-to-noise ratio over a fixed choice of pictures, and a sheet of them before and after. */
async function reconstruct(
  cache: ImageCache,
  weights: Iterable<readonly [string, Float32Array]>,
): Promise<{ psnr: number; sheet: Buffer }> {
  const graph = new Graph();
  const vae = newVae();
  const { mean } = vae.encode(graph, graph.input('pixels', [SHEET_IMAGES, 3, IMAGE_SIZE, IMAGE_SIZE]), VAE_PREFIX);
  const program = await Program.compile(graph, { result: vae.decode(graph, mean, VAE_PREFIX) });
  const stride = Math.floor(cache.records.length / SHEET_IMAGES);
  const originals = Array.from({ length: SHEET_IMAGES }, (_, i) => imageOf(cache, cache.records[i * stride]));
  const pixels = new Float32Array(SHEET_IMAGES * 3 * PIXELS);
  originals.forEach((rgb, i) => toPlanes(rgb, pixels, i * 3 * PIXELS));
  const { result } = await program.bind(weights).run({ pixels });
  await program.release();
  let squared = 0;
  for (let i = 0; i < result.length; i++) squared += ((Math.max(-1, Math.min(1, result[i])) - pixels[i]) / 2) ** 2;
  const half = SHEET_IMAGES / 2;
  const picture = (rgb: Uint8Array) => ({ rgb, width: IMAGE_SIZE, height: IMAGE_SIZE });
  const decoded = originals.map((_, i) => fromPlanes(result, i * 3 * PIXELS));
  const sheet = await contactSheet({
    rows: [0, half].flatMap((start) => [
      { label: 'original', images: originals.slice(start, start + half).map(picture) },
      { label: 'decoded', images: decoded.slice(start, start + half).map(picture) },
    ]),
  });
  return { psnr: -10 * Math.log10(squared / result.length), sheet };
}

/** Planes in -1..1 to RGB bytes. */
function fromPlanes(planes: Float32Array, offset: number): Uint8Array {
  return Uint8Array.from({ length: 3 * PIXELS }, (_, i) => {
    const value = planes[offset + (i % 3) * PIXELS + Math.floor(i / 3)];
    return Math.round(Math.max(0, Math.min(255, (value + 1) * 127.5)));
  });
}
