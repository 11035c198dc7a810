// Training images of the autoencoder: treated cutouts on grounds, alone or several together, determined by (seed, step, index).
import { type Canvas, type Cutout, CANVAS_SIZE, paste, toReducedPlanes } from './canvas.ts';
import { Dice } from './dice.ts';
import { paintGround } from './grounds.ts';
import { treat } from './treatments.ts';

/** Share of images that show several subjects, at half or a third of the size. */
const SCENE_SHARE = 0.25;
const LARGEST_SHIFT = 14;

function compose(cutouts: readonly Cutout[], dice: Dice): Canvas {
  const canvas = paintGround(dice);
  const draw = (): Cutout => cutouts[dice.integer(0, cutouts.length - 1)];
  if (!dice.chance(SCENE_SHARE)) {
    const [left, top] = [dice.integer(-LARGEST_SHIFT, LARGEST_SHIFT), dice.integer(-LARGEST_SHIFT, LARGEST_SHIFT)];
    paste(canvas, draw(), { left, top, mirror: dice.chance(0.5) });
    return canvas;
  }
  const shrink = dice.integer(2, 3);
  const room = CANVAS_SIZE - Math.floor(CANVAS_SIZE / shrink);
  for (let i = dice.integer(2, 2 * shrink); i > 0; i--)
    paste(canvas, draw(), { shrink, left: dice.integer(-8, room + 8), top: dice.integer(-8, room + 8), mirror: dice.chance(0.5) });
  return canvas;
}

/** Writes one image as planes in -1..1. */
export function writeVariant(
  cutouts: readonly Cutout[],
  key: { seed: number; step: number; index: number },
  target: Float32Array,
  offset: number,
): void {
  const dice = new Dice({ ...key, purpose: 'autoencoder-variant' });
  toReducedPlanes(treat(compose(cutouts, dice), dice), target, offset);
}
