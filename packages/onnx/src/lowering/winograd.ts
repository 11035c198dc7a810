// 3x3 convolutions and their gradients by Winograd's minimal filtering F(m x m, 3 x 3) (arXiv 1509.09308): (m + 2)^2 products for m^2
// pixels instead of 9 m^2. Every step is an ordinary matrix product over images with their channels last, so tiles are cut by plain copies.
import { elementCount, type Conv2dAttributes, type Shape } from '@styleforge/autodiff';
import { type ModelBuilder } from '../file/model-builder.ts';

type Matrix = readonly (readonly number[])[];

/**
 * Matrices of y = A' ((G w) (B' x)) in one dimension, for m outputs. In two dimensions each is replaced by its Kronecker product with
 * itself.
 */
interface Filtering {
  readonly outputs: number;
  /** B', [m + 2, m + 2] */
  readonly data: Matrix;
  /** G, [m + 2, 3] */
  readonly kernel: Matrix;
  /** A', [m, m + 2] */
  readonly result: Matrix;
}

/**
 * The paper's two forms. Four outputs need the fewest multiplications; two lose no precision and have less than half as many transformed
 * weights.
 */
const filterings: readonly Filtering[] = [
  {
    outputs: 4,
    data: [
      [4, 0, -5, 0, 1, 0],
      [0, -4, -4, 1, 1, 0],
      [0, 4, -4, -1, 1, 0],
      [0, -2, -1, 2, 1, 0],
      [0, 2, -1, -2, 1, 0],
      [0, 4, 0, -5, 0, 1],
    ],
    kernel: [
      [1 / 4, 0, 0],
      [-1 / 6, -1 / 6, -1 / 6],
      [-1 / 6, 1 / 6, -1 / 6],
      [1 / 24, 1 / 12, 1 / 6],
      [1 / 24, -1 / 12, 1 / 6],
      [0, 0, 1],
    ],
    result: [
      [1, 1, 1, 1, 1, 0],
      [0, 1, -1, 2, -2, 0],
      [0, 1, 1, 4, 4, 0],
      [0, 1, -1, 8, -8, 1],
    ],
  },
  {
    outputs: 2,
    data: [
      [1, 0, -1, 0],
      [0, 1, 1, 0],
      [0, -1, 1, 0],
      [0, 1, 0, -1],
    ],
    kernel: [
      [1, 0, 0],
      [1 / 2, 1 / 2, 1 / 2],
      [1 / 2, -1 / 2, 1 / 2],
      [0, 0, 1],
    ],
    result: [
      [1, 1, 1, 0],
      [0, 1, -1, -1],
    ],
  },
];

const squared = (a: Matrix): number[][] => a.flatMap((left) => a.map((right) => left.flatMap((x) => right.map((y) => x * y))));
const transposed = (a: Matrix): number[][] => a[0].map((_, column) => a.map((row) => row[column]));
const reversed = (a: Matrix): number[][] => a.map((row) => [...row].reverse());

/**
 * Cost of moving one value, relative to one multiplication within a matrix product, fitted to measurements (docs/experiments/engine.md).
 */
const COST = { product: 0.75, pixel: 50, weight: 42, weightGradient: 50 };
/** Number of transformed pixels in one product. Larger images are processed in bands. */
const BAND = 1 << 23;

export interface Convolution extends Conv2dAttributes {
  /** Shape of the images, [n, c, h, w]. */
  readonly images: Shape;
  /** Shape of the results, [n, o, h', w']. */
  readonly results: Shape;
  readonly kernel: readonly [number, number];
}

/** The form that is cheapest for a convolution, or null if computing it directly is cheaper. */
export function winogradForm({ images, results, kernel, strides }: Convolution, weightCost = COST.weight): Filtering | null {
  const [n, o, height, width] = results;
  const c = images[1];
  if (kernel.some((size) => size !== 3) || strides.some((stride) => stride !== 1)) return null;
  const cost = ({ outputs }: Filtering): number => {
    const tile = (outputs + 2) ** 2;
    const values = (tile / outputs ** 2) * n * height * width;
    return COST.product * values * c * o + COST.pixel * values * (c + o) + weightCost * tile * c * o;
  };
  const direct = { form: null as Filtering | null, cost: 9 * n * height * width * c * o };
  return filterings
    .filter(({ outputs }) => height % outputs === 0 && width % outputs === 0)
    .reduce((best, form) => (cost(form) < best.cost ? { form, cost: cost(form) } : best), direct).form;
}

export const winogradGradientForm = (convolution: Convolution): Filtering | null => winogradForm(convolution, COST.weightGradient);

/** matrix [rows, columns] @ x [columns, ...shape] -> [rows, ...shape] */
function transform(builder: ModelBuilder, matrix: Matrix, x: string, shape: readonly number[]): string {
  const constant = builder.floats(Float32Array.from(matrix.flat()), [matrix.length, matrix[0].length], 'float32');
  return builder.reshape(builder.node('Gemm', [constant, builder.reshape(x, [matrix[0].length, elementCount(shape)])]), [
    matrix.length,
    ...shape,
  ]);
}

/** weight [o, c, 3, 3] -> [tile, o, c] */
function transformedWeight(builder: ModelBuilder, kernel: Matrix, weight: string, [o, c]: Shape): string {
  const matrix = builder.floats(Float32Array.from(kernel.flat()), [kernel.length, 9], 'float32');
  const flat = builder.node('Gemm', [matrix, builder.reshape(weight, [o * c, 9])], { attributes: { transB: 1n } });
  return builder.reshape(flat, [kernel.length, o, c]);
}

/** [n, c, h, w] -> [n, h, w, c], padded with zeros. */
function channelsLast(
  builder: ModelBuilder,
  x: string,
  [n, c, h, w]: Shape,
  [top, left, bottom, right]: Conv2dAttributes['pads'] = [0, 0, 0, 0],
): string {
  const last = builder.reshape(builder.transpose(builder.reshape(x, [n, c, h * w]), [0, 2, 1]), [n, h, w, c]);
  return top + left + bottom + right === 0 ? last : builder.node('Pad', [last, builder.integers([0, top, left, 0, 0, bottom, right, 0])]);
}

/** Images [n, rows * m, columns * m, c] -> [m, m, n, rows, columns, c]: the same pixel of every m x m block together. */
function blocks(builder: ModelBuilder, images: string, m: number, [n, rows, columns, c]: readonly number[]): string {
  return builder.transpose(builder.reshape(images, [n, rows, m, columns, m, c]), [2, 4, 0, 1, 3, 5]);
}

/** x [n, c, h, w] with its padding -> blocks of m x m pixels, one more row and one more column of them than the results have. */
function paddedBlocks(
  builder: ModelBuilder,
  { outputs: m }: Filtering,
  x: string,
  { images, results, pads: [top, left, bottom, right] }: Convolution,
): string {
  const [n, c] = images;
  const padded = channelsLast(builder, x, images, [top, left, bottom + m - 2, right + m - 2]);
  return blocks(builder, padded, m, [n, results[2] / m + 1, results[3] / m + 1, c]);
}

/**
 * Overlapping tiles of m + 2 pixels a side, transformed: blocks of images -> [tile, n * rows * columns, c], from block row `first` on. A
 * tile consists of a block and the first two rows and columns of the next ones.
 */
function transformedTiles(
  builder: ModelBuilder,
  { outputs: m, data }: Filtering,
  images: string,
  [n, rows, columns, c]: readonly number[],
  first = 0,
): string {
  const parts = [0, 1].flatMap((down) => [0, 1].map((right) => ({ down, right, height: down ? 2 : m, width: right ? 2 : m })));
  const pixels = parts.map(({ down, right, height, width }) => {
    const [start, end] = [
      [0, 0, first + down, right],
      [height, width, first + down + rows, right + columns],
    ];
    const part = builder.node('Slice', [images, ...[start, end, [0, 1, 3, 4]].map((values) => builder.integers(values))]);
    return builder.reshape(part, [height * width, n * rows * columns * c]);
  });
  const order = parts.flatMap(({ down, right, height, width }) =>
    Array.from({ length: height * width }, (_, i) => {
      const [row, column] = [down * m + Math.floor(i / width), right * m + (i % width)];
      return row * (m + 2) + column;
    }),
  );
  const matrix = squared(data).map((row) => order.map((pixel) => row[pixel]));
  return transform(builder, matrix, builder.node('Concat', pixels, { attributes: { axis: 0n } }), [n * rows * columns, c]);
}

interface Operands {
  readonly form: Filtering;
  /** [n, c, h, w] */
  readonly x: string;
  readonly bias?: string;
  /** [tile, n, c] by [weights] -> [tile, n, o] */
  readonly product: (tiles: string) => string;
}

function convolve(builder: ModelBuilder, { form, x, bias, product }: Operands, convolution: Convolution): string {
  const { images, results } = convolution;
  const [n, o, height, width] = results;
  const m = form.outputs;
  const padded = paddedBlocks(builder, form, x, convolution);
  const [rows, columns] = [height / m, width / m];
  const bandRows = Math.max(1, Math.min(rows, Math.floor(BAND / ((m + 2) ** 2 * n * columns * images[1]))));
  const bands = Array.from({ length: Math.ceil(rows / bandRows) }, (_, band) => {
    const first = band * bandRows;
    const count = Math.min(bandRows, rows - first);
    const products = product(transformedTiles(builder, form, padded, [n, count, columns, images[1]], first));
    const pixels = transform(builder, squared(form.result), products, [n * count * columns, o]);
    const biased = bias === undefined ? pixels : builder.node('Add', [pixels, bias]);
    const ordered = builder.transpose(builder.reshape(biased, [m, m, n, count, columns, o]), [2, 3, 0, 4, 1, 5]);
    return builder.reshape(ordered, [n, count * m * width, o]);
  });
  const last = bands.length > 1 ? builder.node('Concat', bands, { attributes: { axis: 1n } }) : bands[0];
  return builder.reshape(builder.transpose(last, [0, 2, 1]), [n, o, height, width]);
}

/** x [n, c, h, w], weight [o, c, 3, 3], bias? [o] -> [n, o, h', w'] */
export function winogradConvolution(
  builder: ModelBuilder,
  form: Filtering,
  [x, weight, bias]: readonly string[],
  convolution: Convolution,
): string {
  const transformed = transformedWeight(builder, squared(form.kernel), weight, [convolution.results[1], convolution.images[1]]);
  const product = (tiles: string): string =>
    builder.node('FusedMatMul', [tiles, transformed], { domain: 'com.microsoft', attributes: { transB: 1n } });
  return convolve(builder, { form, x, bias, product }, convolution);
}

/**
 * The input gradient: dy [n, o, h', w'], weight [o, c, 3, 3] -> dx [n, c, h, w]. `convolution` describes the convolution of dy with the
 * flipped kernel.
 */
export function winogradInputGradient(
  builder: ModelBuilder,
  form: Filtering,
  dy: string,
  weight: string,
  convolution: Convolution,
): string {
  const transformed = transformedWeight(builder, reversed(squared(form.kernel)), weight, [convolution.images[1], convolution.results[1]]);
  return convolve(builder, { form, x: dy, product: (tiles) => builder.node('MatMul', [tiles, transformed]) }, convolution);
}

/**
 * The weight gradient: x [n, c, h, w], dy [n, o, h', w'] -> dweight [o, c * 9], by one product for each position in the tile, between the
 * transposed transforms of dy and of the result.
 */
export function winogradWeightGradient(builder: ModelBuilder, form: Filtering, x: string, dy: string, convolution: Convolution): string {
  const {
    images: [, c],
    results,
  } = convolution;
  const [n, o, height, width] = results;
  const { outputs: m, kernel, result } = form;
  const [tile, rows, columns] = [(m + 2) ** 2, height / m, width / m];
  const tiles = transformedTiles(builder, form, paddedBlocks(builder, form, x, convolution), [n, rows, columns, c]);
  const errors = blocks(builder, channelsLast(builder, dy, results), m, [n, rows, columns, o]);
  const spread = transform(builder, transposed(squared(result)), errors, [n * rows * columns, o]);
  const products = builder.node('FusedMatMul', [spread, tiles], { domain: 'com.microsoft', attributes: { transA: 1n } });
  const constant = builder.floats(Float32Array.from(squared(kernel).flat()), [tile, 9], 'float32');
  const gradient = builder.node('Gemm', [builder.reshape(products, [tile, o * c]), constant], { attributes: { transA: 1n } });
  return builder.reshape(gradient, [o, c * 9]);
}
