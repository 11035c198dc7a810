// Treatments with random parameters that turn a drawing into line art, hatching, flat color, blocks or another palette.
import { type Canvas, CANVAS_PIXELS, CANVAS_SIZE, luminance, newCanvas } from './canvas.ts';
import { type Color, type Dice } from './dice.ts';

interface Treatment {
  readonly weight: number;
  apply(canvas: Canvas, dice: Dice): Canvas;
}

const ORDERS = [
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** Changes the hues: permutes the channels, and inverts some images. */
function swapChannels(canvas: Canvas, dice: Dice): Canvas {
  const order = ORDERS[dice.integer(0, ORDERS.length - 1)];
  const invert = dice.chance(0.35);
  return canvas.map((_, i) => {
    const value = canvas[i - (i % 3) + order[i % 3]];
    return invert ? 255 - value : value;
  });
}

/** Maps luminance to two to six colors, in most images sorted from dark to light. */
function gradientMap(canvas: Canvas, dice: Dice): Canvas {
  const stops = Array.from({ length: dice.integer(2, 6) }, () => dice.color());
  if (dice.chance(0.6)) stops.sort((a, b) => a[0] + a[1] + a[2] - (b[0] + b[1] + b[2]));
  const mapped = newCanvas();
  luminance(canvas).forEach((gray, i) => {
    const at = Math.min(gray / 255, 1) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) mapped[3 * i + c] = stops[low][c] + (at - low) * (stops[low + 1][c] - stops[low][c]);
  });
  return mapped;
}

/** Reduces each channel to a few levels. */
function flatten(canvas: Canvas, dice: Dice): Canvas {
  const step = 255 / dice.integer(1, 4);
  return canvas.map((value) => Math.round(value / step) * step);
}

/** 0..1 where neighboring colors differ by more than a threshold, over a distance of `reach` pixels. */
function edges(canvas: Canvas, reach: number, threshold: number): Float32Array {
  const found = new Float32Array(CANVAS_PIXELS);
  for (let i = 0; i < CANVAS_PIXELS; i++) {
    const x = i % CANVAS_SIZE;
    const right = x + reach < CANVAS_SIZE ? i + reach : i;
    const below = i + reach * CANVAS_SIZE < CANVAS_PIXELS ? i + reach * CANVAS_SIZE : i;
    let difference = 0;
    for (let c = 0; c < 3; c++) {
      const here = canvas[3 * i + c];
      difference += Math.abs(here - canvas[3 * right + c]) + Math.abs(here - canvas[3 * below + c]);
    }
    found[i] = Math.min(1, Math.max(0, (difference - threshold) / threshold));
  }
  return found;
}

function blend(canvas: Canvas, color: Color, shares: Float32Array): Canvas {
  return canvas.map((value, i) => value + shares[(i / 3) | 0] * (color[i % 3] - value));
}

/** Draws outlines over the existing colors. */
function outline(canvas: Canvas, dice: Dice): Canvas {
  const ink: Color = dice.chance(0.7) ? [dice.between(0, 40), dice.between(0, 40), dice.between(0, 40)] : dice.color();
  return blend(canvas, ink, edges(canvas, dice.integer(1, 4), dice.between(20, 90)));
}

/** Parallel lines where the image is dark: 0..1 per pixel. */
function hatching(gray: Float32Array, dice: Dice): Float32Array {
  const angle = dice.between(0, Math.PI);
  const [dx, dy] = dice.chance(0.4) ? [1, 1] : [Math.cos(angle), Math.sin(angle)];
  const [period, duty, strength, brightest] = [
    dice.between(3.5, 12),
    dice.between(0.25, 0.6),
    dice.between(0.3, 1),
    dice.between(120, 240),
  ];
  return gray.map((value, i) => {
    const along = (i % CANVAS_SIZE) * dx + Math.floor(i / CANVAS_SIZE) * dy + 4 * CANVAS_SIZE;
    return along % period < duty * period ? Math.max(0, (brightest - value) / brightest) * strength : 0;
  });
}

/** Draws lines and, in half of the images, hatching in one color on paper. */
function lineArt(canvas: Canvas, dice: Dice): Canvas {
  const shares = edges(canvas, dice.integer(1, 4), dice.between(20, 90));
  const gray = luminance(canvas);
  for (let pass = 0; pass < 2 && dice.chance(0.6); pass++)
    hatching(gray, dice).forEach((share, i) => (shares[i] = Math.max(shares[i], share)));
  const dark = dice.chance(0.65);
  const [ink, paper] = dark ? [dice.color(), dice.color()] : [dice.color(), dice.color()];
  const lit = ink[0] + ink[1] + ink[2] > paper[0] + paper[1] + paper[2];
  const [line, ground] = lit === dark ? [paper, ink] : [ink, paper];
  const drawn = newCanvas();
  for (let i = 0; i < drawn.length; i++) drawn[i] = ground[i % 3];
  return blend(drawn, line, shares);
}

/** Reduces the image to silhouettes and areas in two colors. */
function stencil(canvas: Canvas, dice: Dice): Canvas {
  const [threshold, soft] = [dice.between(70, 200), dice.between(2, 30)];
  const shares = luminance(canvas).map((gray) => Math.min(1, Math.max(0, (gray - threshold) / soft + 0.5)));
  const drawn = newCanvas();
  const [dark, light] = [dice.color(), dice.color()];
  for (let i = 0; i < drawn.length; i++) drawn[i] = dark[i % 3];
  return blend(drawn, light, shares);
}

/** Reduces the image to blocks of one color, in most images rounded to a few levels. */
function blocks(canvas: Canvas, dice: Dice): Canvas {
  const side = [2, 4, 4, 6, 8, 8, 8, 16][dice.integer(0, 7)];
  const step = 255 / dice.integer(2, 7);
  const rounded = dice.chance(0.7);
  return canvas.map((_, i) => {
    const [x, y] = [((i / 3) | 0) % CANVAS_SIZE, (((i / 3) | 0) / CANVAS_SIZE) | 0];
    const column = Math.min(CANVAS_SIZE - 1, x - (x % side) + (side >> 1));
    const row = Math.min(CANVAS_SIZE - 1, y - (y % side) + (side >> 1));
    const value = canvas[3 * (row * CANVAS_SIZE + column) + (i % 3)];
    return rounded ? Math.round(value / step) * step : value;
  });
}

/** Shifts all colors towards one color, as by old paper, dusk or a colored lamp. */
function tint(canvas: Canvas, dice: Dice): Canvas {
  return blend(canvas, dice.color(), new Float32Array(CANVAS_PIXELS).fill(dice.between(0.15, 0.6)));
}

const TREATMENTS: readonly Treatment[] = [
  { weight: 30, apply: (canvas) => canvas },
  { weight: 10, apply: swapChannels },
  { weight: 14, apply: gradientMap },
  { weight: 6, apply: flatten },
  { weight: 10, apply: outline },
  { weight: 16, apply: lineArt },
  { weight: 6, apply: stencil },
  { weight: 8, apply: blocks },
  { weight: 4, apply: tint },
];
/** Share of images that are treated twice: blocks of a gradient map, tinted line art. */
const SECOND_SHARE = 0.15;

export function treat(canvas: Canvas, dice: Dice): Canvas {
  const once = dice.choose(TREATMENTS).apply(canvas, dice);
  return dice.chance(SECOND_SHARE) ? dice.choose(TREATMENTS).apply(once, dice) : once;
}
