// Grounds: backgrounds of drawings, such as paper, sky, wall or night.
import { type Canvas, CANVAS_PIXELS, CANVAS_SIZE, filled, newCanvas } from './canvas.ts';
import { type Color, type Dice } from './dice.ts';

interface Ground {
  readonly weight: number;
  paint(dice: Dice): Canvas;
}

const WHITE: Color = [255, 255, 255];

/** A canvas whose pixel at (x, y) is `share` of the way from one color to the other. */
function blended(first: Color, second: Color, shareAt: (x: number, y: number) => number): Canvas {
  const canvas = newCanvas();
  for (let i = 0; i < CANVAS_PIXELS; i++) {
    const share = Math.min(1, Math.max(0, shareAt(i % CANVAS_SIZE, Math.floor(i / CANVAS_SIZE))));
    for (let c = 0; c < 3; c++) canvas[3 * i + c] = first[c] + share * (second[c] - first[c]);
  }
  return canvas;
}

function direction(dice: Dice): (x: number, y: number) => number {
  const angle = dice.between(0, 2 * Math.PI);
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  return (x, y) => x * dx + y * dy;
}

function gradient(dice: Dice): Canvas {
  const along = direction(dice);
  const [start, length] = [dice.between(-60, 60), dice.between(60, 180)];
  return blended(dice.color(), dice.color(), (x, y) => (along(x, y) - start) / length);
}

function horizon(dice: Dice): Canvas {
  const [line, soft] = [dice.between(50, 110), dice.between(1, 12)];
  return blended(dice.color(), dice.color(), (_, y) => (y - line) / soft + 0.5);
}

function stripes(dice: Dice): Canvas {
  const along = direction(dice);
  const period = dice.between(5, 28);
  return blended(dice.color(), dice.color(), (x, y) => (Math.abs(along(x, y)) % period < period / 2 ? 0 : 1));
}

function checks(dice: Dice): Canvas {
  const side = 2 * dice.integer(2, 12);
  return blended(dice.color(), dice.color(), (x, y) => (Math.floor(x / side) + Math.floor(y / side)) % 2);
}

function dots(dice: Dice): Canvas {
  const [side, radius] = [dice.between(6, 20), dice.between(0.15, 0.45)];
  return blended(dice.color(), dice.color(), (x, y) => (Math.hypot((x % side) - side / 2, (y % side) - side / 2) < radius * side ? 1 : 0));
}

function grain(dice: Dice): Canvas {
  const [color, strength] = [dice.color(), dice.between(4, 30)];
  const canvas = filled(color);
  for (let i = 0; i < CANVAS_PIXELS; i++) {
    const change = dice.between(-strength, strength);
    for (let c = 0; c < 3; c++) canvas[3 * i + c] = color[c] + change;
  }
  return canvas;
}

const GROUNDS: readonly Ground[] = [
  { weight: 26, paint: () => filled(WHITE) },
  { weight: 42, paint: (dice) => filled(dice.color()) },
  { weight: 12, paint: gradient },
  { weight: 6, paint: horizon },
  { weight: 4, paint: stripes },
  { weight: 3, paint: checks },
  { weight: 3, paint: dots },
  { weight: 1, paint: grain },
];

export const paintGround = (dice: Dice): Canvas => dice.choose(GROUNDS).paint(dice);
