// A convolution and its two gradients as standard ONNX operations. The form depends on the shapes (docs/experiments/engine.md).
import { elementCount, type Conv2dAttributes, type Shape } from '@styleforge/autodiff';
import { type FloatPrecision, ints, type ModelBuilder } from '../file/model-builder.ts';
import { type Emitters } from './lowering.ts';
import { winogradConvolution, winogradForm, winogradGradientForm, winogradInputGradient, winogradWeightGradient } from './winograd.ts';

type Size = readonly [number, number];
type WeightGradientAttributes = Conv2dAttributes & { readonly kernel: Size };

/** How a device computes convolutions. */
interface ConvolutionChoices {
  /** Whether Winograd's filtering may be used where its cost model finds it cheaper. It is too inaccurate in float16. */
  readonly filters: boolean;
  /** Whether a weight gradient is a convolution of the images with the output gradients, for libraries that have kernels for it. */
  readonly weightGradientIsConvolution?: boolean;
  /** Whether an input gradient with unit strides is always a convolution with the flipped kernel. */
  readonly flipsAlways?: boolean;
}

interface ConvolutionContext extends ConvolutionChoices {
  readonly builder: ModelBuilder;
  readonly precision: FloatPrecision;
}

const mayTransform = ({ filters, precision }: ConvolutionContext): boolean => filters && precision === 'float32';

function isPointwise(kernel: Size, { strides, pads }: Conv2dAttributes): boolean {
  return kernel.every((size) => size === 1) && strides.every((stride) => stride === 1) && pads.every((pad) => pad === 0);
}

/**
 * Weight [o, c, kh, kw] -> [c, o, kh, kw] with both kernel axes reversed, by a product with the exchange matrix. A slice with negative
 * steps would copy element by element.
 */
function flippedKernel(builder: ModelBuilder, weight: string, [o, c, kh, kw]: Shape, precision: FloatPrecision): string {
  const size = kh * kw;
  const swapped = builder.transpose(builder.reshape(weight, [o, c, size]), [1, 0, 2]);
  if (size === 1) return builder.reshape(swapped, [c, o, 1, 1]);
  const exchange = Float32Array.from({ length: size * size }, (_, i) => (Math.floor(i / size) + (i % size) === size - 1 ? 1 : 0));
  return builder.reshape(
    builder.node('Gemm', [builder.reshape(swapped, [c * o, size]), builder.floats(exchange, [size, size], precision)]),
    [c, o, kh, kw],
  );
}

/** Emits a convolution of x with weight and, if given, a bias. Returns the names of its results. */
function convolution(
  context: ConvolutionContext,
  operands: readonly string[],
  images: Shape,
  weightShape: Shape,
  results: Shape,
  { strides, pads }: Conv2dAttributes,
): string {
  const shapes = { images, results, kernel: [weightShape[2], weightShape[3]] as const, strides, pads };
  const form = mayTransform(context) ? winogradForm(shapes) : null;
  if (form) return winogradConvolution(context.builder, form, operands, shapes);
  return context.builder.node('Conv', operands, { attributes: { strides: ints(strides), pads: ints(pads) } });
}

/**
 * The gradient with respect to the input: a convolution with the flipped kernel if there are more pixels than weights, otherwise a
 * transposed convolution.
 */
function inputGradient(
  context: ConvolutionContext,
  dy: string,
  weight: string,
  dyShape: Shape,
  weightShape: Shape,
  { strides, pads, inputShape }: Conv2dAttributes & { readonly inputShape: Shape },
): string {
  const { builder, precision } = context;
  const kernel: Size = [weightShape[2], weightShape[3]];
  const unitStride = strides.every((stride) => stride === 1);
  const padsFit = [0, 1].every((i) => pads[i] < kernel[i] && pads[i + 2] < kernel[i]);
  if (unitStride && padsFit) {
    const flippedPads = [0, 1, 2, 3].map((i) => kernel[i % 2] - 1 - pads[i]) as [number, number, number, number];
    const back = { images: dyShape, results: inputShape, kernel, strides, pads: flippedPads };
    const form = mayTransform(context) ? winogradForm(back) : null;
    if (form) return winogradInputGradient(builder, form, dy, weight, back);
    if (context.flipsAlways || preferFlippedKernel(dyShape, weightShape)) {
      return builder.node('Conv', [dy, flippedKernel(builder, weight, weightShape, precision)], {
        attributes: { pads: ints(flippedPads) },
      });
    }
  }
  const outputPadding = [0, 1].map((i) => inputShape[i + 2] - ((dyShape[i + 2] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + 2]));
  return builder.node('ConvTranspose', [dy, weight], {
    attributes: { pads: ints(pads), strides: ints(strides), output_padding: ints(outputPadding) },
  });
}

/**
 * Whether flipping the kernel costs less than a transposed convolution, by the number of pixels of all images. A transposed convolution
 * has narrow products when images are tiny.
 */
function preferFlippedKernel([n, , height, width]: Shape, weightShape: Shape): boolean {
  const pixels = height * width;
  return (weightShape[2] === 1 && weightShape[3] === 1) || n * pixels >= (pixels <= 16 ? 256 : 1024);
}

function slice(builder: ModelBuilder, x: string, axes: number[], starts: number[], ends: number[], steps: number[]): string {
  return builder.node('Slice', [x, ...[starts, ends, axes, steps].map((values) => builder.integers(values))]);
}

function pad(builder: ModelBuilder, x: string, [top, left, bottom, right]: readonly number[]): string {
  return [top, left, bottom, right].some((count) => count > 0)
    ? builder.node('Pad', [x, builder.integers([0, 0, top, left, 0, 0, bottom, right])])
    : x;
}

/** [n, c, ...rest] -> [c, n * rest] */
function channelsFirst(builder: ModelBuilder, x: string, [n, c, ...rest]: Shape): string {
  const swapped = n === 1 ? x : builder.transpose(x, [1, 0, 2, 3]);
  return builder.reshape(swapped, [c, n * elementCount(rest)]);
}

/**
 * Shifted windows of x as one-dimensional slices, for unit strides. x and dy are padded to one size, and all images of a channel follow
 * each other, so the window of a kernel offset starts `offset` elements later. What wraps around is multiplied by the zeros that dy is
 * padded with.
 */
function flatGradient(
  builder: ModelBuilder,
  x: string,
  dy: string,
  xShape: Shape,
  dyShape: Shape,
  { kernel: [kh, kw], pads }: WeightGradientAttributes,
): string {
  const [n, c, h, w] = xShape;
  const size = [h + pads[0] + pads[2], w + pads[1] + pads[3]];
  const length = n * size[0] * size[1] - (kh - 1) * size[1] - (kw - 1);
  const images = channelsFirst(builder, pad(builder, x, pads), [n, c, ...size]);
  const errors = channelsFirst(builder, pad(builder, dy, [0, 0, kh - 1, kw - 1]), [n, dyShape[1], ...size]);
  const windows = kernelOffsets([kh, kw]).map(([i, j]) => {
    const start = i * size[1] + j;
    return builder.node('Unsqueeze', [slice(builder, images, [1], [start], [start + length], [1]), builder.integers([1])]);
  });
  const columns = builder.reshape(concat(builder, windows, 1), [c * kh * kw, length]);
  return builder.node('Gemm', [slice(builder, errors, [1], [0], [length], [1]), columns], { attributes: { transB: 1n } });
}

/**
 * Shifted windows as slices of the channels-last image, [n*oh*ow, c] each. Works for any stride, and is the fastest form for small images,
 * because one product contracts samples and pixels together. dy has its channels first, so no product transposes it.
 */
function channelsLastGradient(
  builder: ModelBuilder,
  x: string,
  dy: string,
  xShape: Shape,
  dyShape: Shape,
  { kernel, strides, pads }: WeightGradientAttributes,
): string {
  const [n, c] = xShape;
  const [, o, oh, ow] = dyShape;
  const rowCount = n * oh * ow;
  const toLast = (name: string): string => builder.transpose(name, [0, 2, 3, 1]);
  const padded = pads.some((count) => count > 0)
    ? builder.node('Pad', [toLast(x), builder.integers([0, pads[0], pads[1], 0, 0, pads[2], pads[3], 0])])
    : toLast(x);
  const windows = kernelOffsets(kernel).map(([i, j]) => {
    const ends = [i + (oh - 1) * strides[0] + 1, j + (ow - 1) * strides[1] + 1];
    return slice(builder, padded, [1, 2], [i, j], ends, [...strides]);
  });
  const errors = channelsFirst(builder, dy, dyShape);
  const product = (columns: string): string => builder.node('Gemm', [errors, columns]);
  if (rowCount < MANY_ROWS) {
    const interleaved = concat(
      builder,
      windows.map((window) => builder.reshape(window, [rowCount, c, 1])),
      2,
    );
    return product(builder.reshape(interleaved, [rowCount, c * windows.length]));
  }
  const columns = windows.map((window) =>
    builder.node('Unsqueeze', [product(builder.reshape(window, [rowCount, c])), builder.integers([2])]),
  );
  return builder.reshape(concat(builder, columns, 2), [o, c * windows.length]);
}

/**
 * Number of rows from which on one product for each window is faster than copying all windows into one matrix
 * (docs/experiments/engine.md).
 */
const MANY_ROWS = 1024;

function concat(builder: ModelBuilder, parts: string[], axis: number): string {
  return parts.length > 1 ? builder.node('Concat', parts, { attributes: { axis: BigInt(axis) } }) : parts[0];
}

function kernelOffsets([kh, kw]: Size): [number, number][] {
  return Array.from({ length: kh * kw }, (_, k) => [Math.floor(k / kw), k % kw]);
}

/**
 * The weight gradient as one convolution: the channels of x are its samples, the output gradients its kernels, and it sums over the
 * samples of x. Strides become dilations. Rows and columns of x that no window reaches give offsets beyond the kernel, which are cut off.
 */
function convolvedGradient(
  builder: ModelBuilder,
  x: string,
  dy: string,
  xShape: Shape,
  dyShape: Shape,
  { kernel: [kh, kw], strides, pads }: WeightGradientAttributes,
): string {
  const swapped = (name: string): string => builder.transpose(name, [1, 0, 2, 3]);
  const windows = builder.node('Conv', [swapped(x), swapped(dy)], { attributes: { pads: ints(pads), dilations: ints(strides) } });
  const sizes = [0, 1].map((i) => xShape[i + 2] + pads[i] + pads[i + 2] - strides[i] * (dyShape[i + 2] - 1));
  const fits = sizes[0] === kh && sizes[1] === kw;
  const offsets = fits ? windows : slice(builder, windows, [2, 3], [0, 0], [kh, kw], [1, 1]);
  return builder.reshape(swapped(offsets), [dyShape[1], xShape[1] * kh * kw]);
}

/** The gradient with respect to the weight, [o, c * kh * kw]: matrix products of dy with all shifted windows of x. */
function weightGradient(
  context: ConvolutionContext,
  x: string,
  dy: string,
  xShape: Shape,
  dyShape: Shape,
  attributes: WeightGradientAttributes,
): string {
  const { builder } = context;
  const { kernel, strides, pads } = attributes;
  if (isPointwise(kernel, attributes)) {
    const [images, errors] = [channelsFirst(builder, x, xShape), channelsFirst(builder, dy, dyShape)];
    return builder.node('Gemm', [errors, images], { attributes: { transB: 1n } });
  }
  const shapes = { images: xShape, results: dyShape, kernel, strides, pads };
  const form = mayTransform(context) ? winogradGradientForm(shapes) : null;
  if (form) return winogradWeightGradient(builder, form, x, dy, shapes);
  if (context.weightGradientIsConvolution) return convolvedGradient(builder, x, dy, xShape, dyShape, attributes);
  const unitStride = strides.every((stride) => stride === 1);
  const shifted = unitStride && dyShape[3] > 16 ? flatGradient : channelsLastGradient;
  return shifted(builder, x, dy, xShape, dyShape, attributes);
}

/** The emitters of convolutions and their gradients. */
export function convolutionEmitters(
  choices: ConvolutionChoices,
): Pick<Emitters, 'conv2d' | 'conv2dInputGradient' | 'conv2dWeightGradient'> {
  return {
    conv2d: ({ builder, precision, node, operands }) => {
      const [x, weight] = node.inputs;
      const context = { builder, precision, ...choices };
      return convolution(context, operands, x.shape, weight.shape, node.outputs[0].shape, node.attributes);
    },
    conv2dInputGradient: ({ builder, precision, node, operands }) => {
      const [dy, weight] = node.inputs;
      return inputGradient({ builder, precision, ...choices }, operands[0], operands[1], dy.shape, weight.shape, node.attributes);
    },
    conv2dWeightGradient: ({ builder, precision, node, operands }) => {
      const [x, dy] = node.inputs;
      return weightGradient({ builder, precision, ...choices }, operands[0], operands[1], x.shape, dy.shape, node.attributes);
    },
  };
}
