// Square canvases of RGB bytes and of RGBA cutouts, twice as large as the images made from them.
import { type Color } from './dice.ts';

/** Width and height of a canvas; images have half of it, so that lines and edges are smooth. */
export const CANVAS_SIZE = 128;
export const CANVAS_PIXELS = CANVAS_SIZE ** 2;

/** RGBA, not premultiplied, CANVAS_SIZE square. */
export type Cutout = Uint8Array;
/** RGB, CANVAS_SIZE square. */
export type Canvas = Uint8ClampedArray;

export const newCanvas = (): Canvas => new Uint8ClampedArray(CANVAS_PIXELS * 3);

export function filled(color: Color): Canvas {
  const canvas = newCanvas();
  for (let i = 0; i < canvas.length; i++) canvas[i] = color[i % 3];
  return canvas;
}

/** Draws the cutout on the ground, reduced to `1 / shrink` with its corner at (left, top), mirrored on request. */
export function paste(ground: Canvas, cutout: Cutout, { shrink = 1, left = 0, top = 0, mirror = false } = {}): void {
  const size = Math.floor(CANVAS_SIZE / shrink);
  for (let y = Math.max(0, -top); y < size && y + top < CANVAS_SIZE; y++) {
    for (let x = Math.max(0, -left); x < size && x + left < CANVAS_SIZE; x++) {
      const column = mirror ? size - 1 - x : x;
      pasteSample(ground, 3 * ((y + top) * CANVAS_SIZE + x + left), cutout, column * shrink, y * shrink, shrink);
    }
  }
}

/** Blends the mean of `shrink` by `shrink` samples of the cutout into one pixel of the ground. */
function pasteSample(ground: Canvas, at: number, cutout: Cutout, x: number, y: number, shrink: number): void {
  let [red, green, blue, alpha] = [0, 0, 0, 0];
  for (let row = y; row < y + shrink; row++) {
    for (let column = x; column < x + shrink; column++) {
      const from = 4 * (row * CANVAS_SIZE + column);
      const weight = cutout[from + 3];
      red += cutout[from] * weight;
      green += cutout[from + 1] * weight;
      blue += cutout[from + 2] * weight;
      alpha += weight;
    }
  }
  if (alpha === 0) return;
  const cover = alpha / (255 * shrink * shrink);
  ground[at] += cover * (red / alpha - ground[at]);
  ground[at + 1] += cover * (green / alpha - ground[at + 1]);
  ground[at + 2] += cover * (blue / alpha - ground[at + 2]);
}

export function luminance(canvas: Canvas): Float32Array {
  const gray = new Float32Array(CANVAS_PIXELS);
  for (let i = 0; i < gray.length; i++) gray[i] = 0.299 * canvas[3 * i] + 0.587 * canvas[3 * i + 1] + 0.114 * canvas[3 * i + 2];
  return gray;
}

/** Planes in -1..1 at half the size, each the mean of four pixels. */
export function toReducedPlanes(canvas: Canvas, target: Float32Array, offset: number): void {
  const size = CANVAS_SIZE / 2;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = 3 * (2 * y * CANVAS_SIZE + 2 * x);
      for (let c = 0; c < 3; c++) {
        const below = from + 3 * CANVAS_SIZE;
        const sum = canvas[from + c] + canvas[from + 3 + c] + canvas[below + c] + canvas[below + 3 + c];
        target[offset + (c * size + y) * size + x] = sum / 510 - 1;
      }
    }
  }
}
