// Statistics that describe lines, texture and palette of an image, and depend little on its subject. Nothing is learned.
import type { RgbImage } from '../feature-extractor.ts';
import { brightDetails, darkDetails, gradients, halved, type Plane } from './filters.ts';
import { labPlanes } from './lab-planes.ts';

const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
};
const deviation = (values: Float64Array): number => {
  const center = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
};
const share = (values: Float64Array, holds: (value: number) => boolean): number => {
  let count = 0;
  for (const value of values) if (holds(value)) count++;
  return count / values.length;
};
function correlation(a: Float64Array, b: Float64Array): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const spread = deviation(a) * deviation(b);
  return spread < 1e-9 ? 0 : mean(a.map((value, i) => (value - meanA) * (b[i] - meanB))) / spread;
}

/** Colors of the image: moments and percentiles of each channel, hues weighted by chroma, and the number of main colors. */
function palette([lightness, a, b]: readonly Plane[]): number[] {
  const perChannel = [lightness, a, b].flatMap(({ values }) => {
    const sorted = values.slice().sort();
    const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))];
    return [mean(values), deviation(values), at(0.1), at(0.5), at(0.9)];
  });
  const hues = new Float64Array(8);
  const cells = new Map<number, number>();
  let neutral = 0;
  for (let i = 0; i < a.values.length; i++) {
    const chroma = Math.hypot(a.values[i], b.values[i]);
    if (chroma < 8) neutral++;
    hues[Math.min(7, Math.floor(((Math.atan2(b.values[i], a.values[i]) + Math.PI) / (2 * Math.PI)) * 8))] += chroma;
    const cell =
      Math.floor(lightness.values[i] / 12.5) * 4096 + Math.floor((a.values[i] + 128) / 16) * 64 + Math.floor((b.values[i] + 128) / 16);
    cells.set(cell, (cells.get(cell) ?? 0) + 1);
  }
  const count = a.values.length;
  const parts = [...cells.values()].map((cell) => cell / count).sort((x, y) => y - x);
  const entropy = -parts.reduce((sum, part) => sum + part * Math.log(part), 0);
  const four = parts.slice(0, 4).reduce((sum, part) => sum + part, 0);
  return [...perChannel, ...Array.from(hues, (hue) => hue / count), neutral / count, entropy, parts[0], four];
}

/** Color of the outermost pixels: the background of a subject. */
function ground(planes: readonly Plane[]): number[] {
  const borders = planes.map(({ side, values }) =>
    values.filter((_, i) => i < side || i >= side * (side - 1) || i % side < 1 || i % side === side - 1),
  );
  return [...borders.map(mean), deviation(borders[0])];
}

const ORIENTATIONS = [0, 45, 90, 135].map((degrees) => (degrees * Math.PI) / 180);
const LEVELS = 4;

interface Edges {
  readonly x: Plane;
  readonly y: Plane;
  readonly magnitude: Float64Array;
}

function edgesOf(plane: Plane): Edges {
  const { x, y } = gradients(plane);
  return { x, y, magnitude: x.values.map((value, i) => Math.hypot(value, y.values[i])) };
}

/** Strength of edges by orientation, how sparse they are (lines are, shading is not), and how much they share one direction. */
function edgeStatistics({ x, y, magnitude }: Edges): number[] {
  const oriented = ORIENTATIONS.map((angle) =>
    Math.log1p(mean(x.values.map((value, i) => Math.abs(value * Math.cos(angle) + y.values[i] * Math.sin(angle))))),
  );
  const average = mean(magnitude);
  const sparsity = average < 1e-9 ? 0 : Math.log1p(mean(magnitude.map((value) => value * value)) / (average * average));
  const [xx, yy, xy] = [x.values.map((v) => v * v), y.values.map((v) => v * v), x.values.map((v, i) => v * y.values[i])].map(mean);
  const agreement = xx + yy < 1e-9 ? 0 : Math.hypot(xx - yy, 2 * xy) / (xx + yy);
  return [...oriented, sparsity, agreement];
}

/** Thin dark and bright lines at three widths: mean strength and share of pixels. */
function lines(lightness: Plane): number[] {
  return [1, 2, 4].flatMap((radius) =>
    [darkDetails, brightDetails].flatMap((details) => {
      const { values } = details(lightness, radius);
      return [Math.log1p(mean(values)), share(values, (value) => value > 15)];
    }),
  );
}

/** How plain the areas are, and how many strong edges there are, at two scales. */
const flatness = (levels: readonly Edges[]): number[] =>
  levels
    .slice(0, 2)
    .flatMap(({ magnitude }) => [share(magnitude, (v) => v < 0.5), share(magnitude, (v) => v < 2), share(magnitude, (v) => v > 10)]);

/** How much edges repeat a few pixels further: hatching, halftones and grids of blocks. */
function repetition({ x, y }: Edges): number[] {
  const { side } = x;
  const shifted = (values: Float64Array, by: number): number => {
    const strengths = values.map(Math.abs);
    return correlation(strengths.slice(0, strengths.length - by), strengths.slice(by));
  };
  return [2, 4, 8].flatMap((lag) => [shifted(x.values, lag), shifted(y.values, lag * side)]);
}

/** All statistics of one image, in a fixed order. Their units differ; see TEXTURE_SCALE. */
export function textureStatistics(image: RgbImage): number[] {
  const planes = labPlanes(image);
  const pyramids = planes.map((plane) => {
    const levels = [plane];
    while (levels.length < LEVELS) levels.push(halved(levels[levels.length - 1]));
    return levels;
  });
  const edges = pyramids[0].map(edgesOf);
  const colorEdges = pyramids[1].map((plane, level) =>
    Math.log1p(mean(edgesOf(plane).magnitude) + mean(edgesOf(pyramids[2][level]).magnitude)),
  );
  const acrossScales = edges
    .slice(1)
    .map(({ magnitude }, level) => correlation(halved({ side: edges[level].x.side, values: edges[level].magnitude }).values, magnitude));
  return [
    ...palette(planes),
    ...ground(planes),
    ...edges.flatMap(edgeStatistics),
    ...colorEdges,
    ...lines(planes[0]),
    ...flatness(edges),
    ...acrossScales,
    ...edges.slice(0, 2).flatMap(repetition),
  ];
}
