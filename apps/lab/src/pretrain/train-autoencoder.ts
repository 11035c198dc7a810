// Stage one: trains the autoencoder on backgrounds, lines, hatching, flat color, blocks and palettes that the base styles lack.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { randomIntegers, randomNormals } from '@styleforge/diffusion';
import { graphFor, type ParameterBuffers, TrainingProgram } from '@styleforge/runtime';
import { imageOf, imagesOf, type ImageCache } from '@styleforge/samples';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initialAutoencoder, newVae, PIXELS, toPlanes, VAE_PREFIX } from './autoencoder.ts';
import { IMAGE_SIZE, LATENT_CHANNELS, LATENT_SIZE } from './geometry.ts';
import { encodeLatents, LATENT_ELEMENTS } from './latent-cache.ts';
import { measureAutoencoder, shownFidelity } from './measure-autoencoder.ts';
import { runTrainingLoop } from './training-loop.ts';
import { type Cutout } from './variants/canvas.ts';
import { writeVariant } from './variants/variant-source.ts';

export interface AutoencoderOptions {
  /** Images of the base styles as jobs use them. */
  readonly cache: ImageCache;
  readonly cutouts: readonly Cutout[];
  readonly directory: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly snapshotMinutes: number;
  readonly seed: number;
  readonly threads?: number;
  readonly log: (line: string) => void;
  /** A diffusers folder to start from. The latents of base images are kept as its encoder made them, so that its U-Net stays usable. */
  readonly from?: string;
  readonly onSnapshot: (weights: ParameterBuffers) => Promise<void>;
}

/** Weight of the divergence from a standard normal, per latent relative to per pixel; it only keeps latents bounded. */
const KL_WEIGHT = 1e-4;
/** Weight of the squared error between neighboring pixels' differences: thin lines and hatching cover little area. */
const EDGE_WEIGHT = 0.5;
/** Weight of the distance to the latents that the U-Net knows. */
const ANCHOR_WEIGHT = 1;
/** Share of unchanged base images in each batch. */
const PLAIN_SHARE = 0.25;

const AXES = [0, 1, 2, 3];

function edgeLoss(graph: Graph, error: Tensor): Tensor {
  const differences = [2, 3].map((axis) => graph.sub(graph.slice(error, axis, 1, IMAGE_SIZE), graph.slice(error, axis, 0, IMAGE_SIZE - 1)));
  const [down, right] = differences.map((difference) => graph.reduceMean(graph.square(difference), AXES));
  return graph.add(down, right);
}

function buildGraph(batch: number): { graph: Graph; loss: Tensor; squaredError: Tensor; drift: Tensor } {
  const graph = graphFor();
  const vae = newVae();
  const pixels = graph.input('pixels', [batch, 3, IMAGE_SIZE, IMAGE_SIZE]);
  const latentShape = [batch, LATENT_CHANNELS, LATENT_SIZE, LATENT_SIZE];
  const { mean, logvar } = vae.encode(graph, pixels, VAE_PREFIX);
  const latents = graph.add(mean, graph.mul(graph.exp(graph.mul(logvar, 0.5)), graph.input('noise', latentShape)));
  const error = graph.sub(vae.decode(graph, latents, VAE_PREFIX), pixels);
  const squared = graph.square(error);
  const reconstruction = graph.reduceMean(graph.add(squared, graph.sqrt(graph.add(squared, 1e-6))), AXES);
  const divergence = graph.reduceMean(graph.sub(graph.sub(graph.add(graph.square(mean), graph.exp(logvar)), 1), logvar), AXES);
  const moved = graph.mul(graph.sub(mean, graph.input('anchor', latentShape)), graph.input('anchored', [batch, 1, 1, 1]));
  const drift = graph.reduceMean(graph.square(moved), AXES);
  const parts = [graph.mul(edgeLoss(graph, error), EDGE_WEIGHT), graph.mul(divergence, KL_WEIGHT * 0.5), graph.mul(drift, ANCHOR_WEIGHT)];
  const loss = parts.reduce((sum, part) => graph.add(sum, part), reconstruction);
  return { graph, loss, squaredError: graph.reduceMean(squared, AXES), drift };
}

/** Inputs of a step, determined by (seed, step): some unchanged base images with their original latents, otherwise variants. */
function batchOf({ cache, cutouts, batchSize, seed }: AutoencoderOptions, anchors: Float32Array | null, step: number) {
  const plain = Math.round(batchSize * PLAIN_SHARE);
  const picks = randomIntegers({ seed, step, purpose: 'autoencoder-images' }, plain, cache.records.length);
  const pixels = new Float32Array(batchSize * 3 * PIXELS);
  const anchor = new Float32Array(batchSize * LATENT_ELEMENTS);
  const anchored = new Float32Array(batchSize);
  picks.forEach((pick, i) => {
    toPlanes(imageOf(cache, cache.records[pick]), pixels, i * 3 * PIXELS);
    if (anchors === null) return;
    anchor.set(anchors.subarray(pick * LATENT_ELEMENTS, (pick + 1) * LATENT_ELEMENTS), i * LATENT_ELEMENTS);
    anchored[i] = 1;
  });
  for (let index = plain; index < batchSize; index++) writeVariant(cutouts, { seed, step, index }, pixels, index * 3 * PIXELS);
  return { pixels, anchor, anchored, noise: randomNormals({ seed, step, purpose: 'autoencoder-posterior' }, anchor.length) };
}

/** Trains encoder and decoder together. Returns the averaged weights. */
export async function trainAutoencoder(options: AutoencoderOptions): Promise<ParameterBuffers> {
  const { cache, batchSize, seed, threads, log, directory } = options;
  const trainable = await initialAutoencoder(options.from, seed);
  const anchors = options.from === undefined ? null : (await encodeLatents(imagesOf(cache), trainable, threads)).mean;
  log(shownFidelity((await measureAutoencoder(trainable.entries(), threads)).styles));
  const { graph, loss, squaredError, drift } = buildGraph(batchSize);
  const adamw = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
  const outputs = { loss, squaredError, drift };
  const program = await TrainingProgram.create({ graph, loss, outputs, trainable, adamw, compile: { threads } });
  const ema = await runTrainingLoop({
    program,
    steps: options.steps,
    batchSize,
    log,
    stateDirectory: join(directory, 'state-autoencoder'),
    learningRate: options.learningRate,
    warmupSteps: 100,
    emaDecay: 0.999,
    maxGradNorm: 1,
    snapshotMinutes: options.snapshotMinutes,
    pass: async (step) => (await program.backward(batchOf(options, anchors, step))).loss[0],
    onSnapshot: async (averaged, { step }) => {
      const { styles, sheet } = await measureAutoencoder(averaged.entries(), threads);
      await mkdir(join(directory, 'sheets'), { recursive: true });
      await writeFile(join(directory, 'sheets', `autoencoder-${String(step).padStart(6, '0')}.png`), sheet);
      log(`autoencoder at step ${step}, ${shownFidelity(styles)}`);
      await options.onSnapshot(averaged);
    },
  });
  await program.release();
  return ema;
}
