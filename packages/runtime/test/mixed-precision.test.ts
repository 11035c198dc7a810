// Mixed precision against float32, on the processor: it casts around every operation that it does not know in float16, and so rounds like a device that knows them.
import { LossScale } from '@styleforge/runtime';
import { describe, expect, it } from 'vitest';
import { distance, trained } from './small-training.ts';

const FIRST_LOSS_SCALE = 2 ** 16;
const full = await trained({}, 2);
const mixed = await trained({ mixedPrecision: true }, 2);

describe('mixed precision', () => {
  it('trains like float32, but for the rounding', () => {
    for (const [i, loss] of full.losses.entries()) expect(Math.abs(mixed.losses[i] / loss - 1)).toBeLessThan(1e-3);
    for (const [i, norm] of full.norms.entries()) expect(Math.abs(mixed.norms[i] / norm - 1)).toBeLessThan(2e-3);
    expect(distance(mixed.weights, full.weights)).toBeLessThan(1e-3);
    expect(mixed.losses).not.toEqual(full.losses);
  });

  it('lowers a loss scale under which gradients overflow, and loses no update', async () => {
    const start = 2 ** 8 * FIRST_LOSS_SCALE;
    const lowered = await trained({ mixedPrecision: true }, 2, start);
    expect(lowered.overflows).toBeGreaterThan(0);
    expect(lowered.norms).toHaveLength(10);
    expect(lowered.lossScale).toEqual({ value: start / 2 ** lowered.overflows, steps: 10 });
    expect(distance(lowered.weights, full.weights)).toBeLessThan(1e-3);
  });

  it('needs the loss scale: without it small gradients vanish', async () => {
    const unscaled = await trained({ mixedPrecision: true }, 2, 2 ** -20);
    expect(distance(unscaled.weights, full.weights)).toBeGreaterThan(0.1);
  });

  it('doubles the loss scale after 2,000 updates, and halves it down to 1', () => {
    expect(mixed.lossScale).toEqual({ value: FIRST_LOSS_SCALE, steps: 10 });
    const scale = new LossScale();
    scale.restore({ value: 2, steps: 1998 });
    scale.succeeded();
    expect(scale.state).toEqual({ value: 2, steps: 1999 });
    scale.succeeded();
    expect(scale.state).toEqual({ value: 4, steps: 0 });
    expect([scale.lower(), scale.lower(), scale.lower(), scale.value]).toEqual([true, true, false, 1]);
  });
});
