// The autoencoder between 64x64 pixels and 16x16 latents: names of its weights, initial weights, and conversion of pixels.
import { Graph } from '@styleforge/autodiff';
import { AutoencoderKL, parseAutoencoderKLConfig } from '@styleforge/diffusion';
import { ParameterBuffers } from '@styleforge/runtime';
import { componentOf, readDiffusersFolder } from '@styleforge/weights';
import { IMAGE_SIZE, vaeConfig } from './geometry.ts';
import { initializeWeights } from './initialize.ts';

export const VAE_PREFIX = 'vae.';
export const PIXELS = IMAGE_SIZE * IMAGE_SIZE;
export const newVae = (): AutoencoderKL => new AutoencoderKL(parseAutoencoderKLConfig(vaeConfig));

function emptyWeights(): ParameterBuffers {
  const graph = new Graph();
  const vae = newVae();
  const { mean } = vae.encode(graph, graph.input('pixels', [1, 3, IMAGE_SIZE, IMAGE_SIZE]), VAE_PREFIX);
  vae.decode(graph, mean, VAE_PREFIX);
  return new ParameterBuffers([...graph.parameters].map(([name, { shape }]) => ({ name, shape })));
}

/** The autoencoder of a diffusers folder, or random weights by `seed`. Throws if a tensor is missing or has another size. */
export async function initialAutoencoder(from: string | undefined, seed: number): Promise<ParameterBuffers> {
  const weights = emptyWeights();
  if (from === undefined) {
    initializeWeights(weights, seed);
    return weights;
  }
  const reader = await componentOf(await readDiffusersFolder(from), 'vae').openWeights();
  try {
    for (const { name } of weights.specs) await reader.readInto(name.slice(VAE_PREFIX.length), weights.get(name));
  } finally {
    await reader.close();
  }
  return weights;
}

/** RGB bytes to planes in -1..1. */
export function toPlanes(rgb: Uint8Array, target: Float32Array, offset: number): void {
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < PIXELS; i++) target[offset + channel * PIXELS + i] = rgb[i * 3 + channel] / 127.5 - 1;
  }
}

/** Planes in -1..1 to RGB bytes. */
export function fromPlanes(planes: Float32Array, offset: number): Uint8Array {
  return Uint8Array.from({ length: 3 * PIXELS }, (_, i) => {
    const value = planes[offset + (i % 3) * PIXELS + Math.floor(i / 3)];
    return Math.round(Math.max(0, Math.min(255, (value + 1) * 127.5)));
  });
}
