// Resizes images exactly like the metrics' reference implementations: values under different resize rules cannot be compared.
import type { RgbImage } from './feature-extractor.ts';

/** Values of one image, row by row, three channels per pixel. */
export interface Pixels<Data extends Float32Array | Uint8Array = Float32Array> {
  readonly width: number;
  readonly height: number;
  readonly data: Data;
}

/** Inputs and weights of each output: `weights.length / outputs` of them, starting at input `first[output]`. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: Float64Array;
  readonly perOutput: number;
}

type Kernel = (x: number) => number;
const bicubicSupport = 2;

/** Keys' cubic convolution with a = -1/2. */
function bicubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}

/** Weights of an antialiased filter: the kernel is widened by the scale when the image shrinks, as in Pillow's ImagingResample. */
function antialiasedTaps(inputs: number, outputs: number, kernel: Kernel, support: number): Taps {
  const scale = inputs / outputs;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const perOutput = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(outputs);
  const weights = new Float64Array(outputs * perOutput);
  for (let output = 0; output < outputs; output++) {
    const center = (output + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - reach + 0.5));
    const to = Math.min(inputs, Math.trunc(center + reach + 0.5));
    first[output] = from;
    const row = weights.subarray(output * perOutput, output * perOutput + to - from);
    for (let i = 0; i < row.length; i++) row[i] = kernel((i + from - center + 0.5) / stretch);
    const sum = row.reduce((total, value) => total + value, 0);
    for (let i = 0; i < row.length; i++) row[i]! /= sum;
  }
  return { first, weights, perOutput };
}

/** Weights of linear interpolation between the two nearest pixels, align_corners=False, as in torch.nn.functional.interpolate. */
function bilinearTaps(inputs: number, outputs: number): Taps {
  const first = new Int32Array(outputs);
  const weights = new Float64Array(outputs * 2);
  const scale = inputs / outputs;
  for (let output = 0; output < outputs; output++) {
    const at = Math.max(0, (output + 0.5) * scale - 0.5);
    first[output] = Math.floor(at);
    const upper = first[output] + 1 < inputs ? at - first[output] : 0;
    weights[2 * output] = 1 - upper;
    weights[2 * output + 1] = upper;
  }
  return { first, weights, perOutput: 2 };
}

type Store<Data> = (target: Data, at: number, sum: number) => void;

/** Applies a separable filter along one axis: the inputs of a line are `step` apart, and lines start at `lineStart(line)`. */
function filterLine<Data extends Float32Array | Uint8Array>(
  source: Data,
  start: number,
  target: Data,
  targetStart: number,
  step: number,
  inputs: number,
  taps: Taps,
  store: Store<Data>,
): void {
  const { first, weights, perOutput } = taps;
  for (let output = 0; output < first.length; output++) {
    const from = first[output]!;
    const count = Math.min(perOutput, inputs - from);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += weights[output * perOutput + i]! * source[start + (from + i) * step]!;
    store(target, targetStart + output * step, sum);
  }
}

type TapsFor = (inputs: number, outputs: number) => Taps;

/** Filters rows first, then columns. */
function resample<Data extends Float32Array | Uint8Array>(
  { width, height, data }: Pixels<Data>,
  toWidth: number,
  toHeight: number,
  tapsFor: TapsFor,
  allocate: (length: number) => Data,
  store: Store<Data>,
): Pixels<Data> {
  let rows = data;
  if (toWidth !== width) {
    rows = allocate(toWidth * height * 3);
    const taps = tapsFor(width, toWidth);
    for (let y = 0; y < height; y++) {
      for (let c = 0; c < 3; c++) filterLine(data, y * width * 3 + c, rows, y * toWidth * 3 + c, 3, width, taps, store);
    }
  }
  let result = rows;
  if (toHeight !== height) {
    result = allocate(toWidth * toHeight * 3);
    const taps = tapsFor(height, toHeight);
    for (let x = 0; x < toWidth * 3; x++) filterLine(rows, x, result, x, toWidth * 3, height, taps, store);
  }
  return { width: toWidth, height: toHeight, data: result };
}

const floats = (length: number): Float32Array => new Float32Array(length);
const storeFloat: Store<Float32Array> = (target, at, sum) => {
  target[at] = sum;
};
const toFloats = ({ width, height, rgb }: RgbImage): Pixels => ({ width, height, data: Float32Array.from(rgb) });
const bicubicTaps: TapsFor = (inputs, outputs) => antialiasedTaps(inputs, outputs, bicubic, bicubicSupport);

/** `clean` (arXiv 2104.11222): antialiased bicubic in float, clipped to 0..255, not quantized. */
export function resizeClean(image: RgbImage, width: number, height: number): Pixels {
  const resized = resample(toFloats(image), width, height, bicubicTaps, floats, storeFloat);
  return { ...resized, data: resized.data.map((value) => Math.min(255, Math.max(0, value))) };
}

/** `legacy`: bilinear without antialiasing, 0..255, as the pytorch port of FID does inside its network. */
export function resizeLegacy(image: RgbImage, width: number, height: number): Pixels {
  return resample(toFloats(image), width, height, bilinearTaps, floats, storeFloat);
}

/** Unit to which Pillow rounds weights of 8-bit images; it also rounds the result of each axis to a byte. */
const weightUnit = 2 ** 22;

function quantizedTaps(inputs: number, outputs: number): Taps {
  const taps = bicubicTaps(inputs, outputs);
  return { ...taps, weights: taps.weights.map((weight) => Math.trunc(weight * weightUnit + (weight < 0 ? -0.5 : 0.5))) };
}

const storeByte: Store<Uint8Array> = (target, at, sum) => {
  target[at] = Math.min(255, Math.max(0, Math.floor((sum + weightUnit / 2) / weightUnit)));
};

/** Pillow's bicubic resize of an 8-bit image, to the bit. */
export function resizeBytes({ width, height, rgb }: RgbImage, toWidth: number, toHeight: number): Pixels<Uint8Array> {
  return resample<Uint8Array>(
    { width, height, data: rgb },
    toWidth,
    toHeight,
    quantizedTaps,
    (length) => new Uint8Array(length),
    storeByte,
  );
}
