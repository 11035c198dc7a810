// Images and weights from formulas, the same as in the scripts of test/golden.
import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { RgbImage } from '@styleforge/metrics';

export const golden = fileURLToPath(new URL('../../../test/golden/', import.meta.url));

function fnv1a(text: string): number {
  return Buffer.from(text).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** Values in [-1, 1): a 32-bit integer hash of (name, index), as in test/golden/make-inception.py. */
export function uniforms(name: string, count: number): Float64Array {
  const start = fnv1a(name);
  return Float64Array.from({ length: count }, (_, i) => {
    let h = (Math.imul(i, 2654435761) ^ start) >>> 0;
    h ^= h >>> 16;
    h = Math.imul(h, 0x85ebca6b) >>> 0;
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35) >>> 0;
    h ^= h >>> 16;
    return (h >>> 0) / 2 ** 31 - 1;
  });
}

export function weightsFor(name: string, shape: readonly number[]): Float32Array {
  const values = uniforms(
    name,
    shape.reduce((product, dimension) => product * dimension, 1),
  );
  if (name.endsWith('conv.weight')) {
    const scale = Math.sqrt(6 / shape.slice(1).reduce((product, dimension) => product * dimension, 1));
    return Float32Array.from(values, (value) => value * scale);
  }
  const isScale = name.endsWith('running_var') || name.endsWith('bn.weight');
  return Float32Array.from(values, (value) => (isScale ? 1 + 0.2 * value : 0.1 * value));
}

export function picture(name: string, width: number, height: number): RgbImage {
  const noise = uniforms(name, width * height * 3);
  const rgb = Uint8Array.from(noise, (value, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const wave = 127.5 + 80 * Math.sin((x + 2 * c) / 9) * Math.cos(y / (7 + 3 * c));
    return Math.min(255, Math.max(0, Math.floor(wave + 40 * value)));
  });
  return { width, height, rgb };
}

/** Writes tiny-clip as a complete CLIP folder, with tokenizer and preprocessing. */
export async function makeClipFolder(folder: string): Promise<string> {
  await cp(`${golden}clip-preprocessing`, folder, { recursive: true });
  await cp(`${golden}tiny-clip`, folder, { recursive: true });
  return folder;
}
