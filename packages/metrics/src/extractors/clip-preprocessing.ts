// The image preprocessing of transformers' CLIPImageProcessor, as configured in preprocessor_config.json.
import type { RgbImage } from './feature-extractor.ts';
import { resizeBytes } from './resample.ts';

export interface ClipPreprocessing {
  readonly shortestEdge: number;
  /** Width and height of the center that is kept: the network's image size. */
  readonly crop: number;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

const openaiMean = [0.48145466, 0.4578275, 0.40821073];
const openaiDeviation = [0.26862954, 0.26130258, 0.27577711];

function edge(value: unknown, key: 'shortest_edge' | 'height', otherwise: number): number {
  if (typeof value === 'number') return value;
  const given = (value as Record<string, unknown> | undefined)?.[key];
  return typeof given === 'number' ? given : otherwise;
}

const channels = (value: unknown, otherwise: readonly number[]): readonly number[] =>
  Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'number') ? (value as number[]) : otherwise;

/** Parses the file. Absent keys have the values of OpenAI's CLIP. Throws for unusual steps. */
export function parseClipPreprocessing(json: unknown, imageSize: number): ClipPreprocessing {
  const config = (json ?? {}) as Record<string, unknown>;
  for (const key of ['do_resize', 'do_center_crop', 'do_normalize']) {
    if (config[key] === false)
      throw new Error(`preprocessor_config.json: ${key} is false; only resizing, cropping and normalizing together are supported`);
  }
  if (config['resample'] !== undefined && config['resample'] !== 3)
    throw new Error(`preprocessor_config.json: resample is ${String(config['resample'])}; only 3 (bicubic) is supported`);
  const crop = edge(config['crop_size'], 'height', imageSize);
  if (crop !== imageSize) throw new Error(`preprocessor_config.json: crop_size is ${crop}, but the network takes ${imageSize}`);
  return {
    shortestEdge: edge(config['size'], 'shortest_edge', imageSize),
    crop,
    mean: channels(config['image_mean'], openaiMean),
    deviation: channels(config['image_std'], openaiDeviation),
  };
}

/** Writes the network's input, planes [3, crop, crop], to `target` at `offset`. */
export function clipInput(
  image: RgbImage,
  { shortestEdge, crop, mean, deviation }: ClipPreprocessing,
  target: Float32Array,
  offset: number,
): void {
  const [short, long] = [Math.min(image.width, image.height), Math.max(image.width, image.height)];
  const longEdge = Math.trunc((shortestEdge * long) / short);
  const [width, height] = image.width <= image.height ? [shortestEdge, longEdge] : [longEdge, shortestEdge];
  const { data } = resizeBytes(image, width, height);
  const [left, top] = [Math.floor((width - crop) / 2), Math.floor((height - crop) / 2)];
  for (let y = 0; y < crop; y++) {
    for (let x = 0; x < crop; x++) {
      const source = ((top + y) * width + left + x) * 3;
      for (let c = 0; c < 3; c++) target[offset + (c * crop + y) * crop + x] = (data[source + c] / 255 - mean[c]) / deviation[c];
    }
  }
}
