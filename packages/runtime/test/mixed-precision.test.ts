// Float16 in a training, compared with float32, on the processor. In mixed precision the processor casts around every operation that it
// has no float16 kernel for, and so rounds like a device that has one.
import { Graph } from '@styleforge/autodiff';
import { LossScale, ParameterBuffers, TrainingProgram } from '@styleforge/runtime';
import { describe, expect, it } from 'vitest';
import { distance, trained } from './small-training.ts';

const FIRST_LOSS_SCALE = 2 ** 16;
/** A loss scale under which no gradient of this test overflows. */
const SMALL_LOSS_SCALE = 2 ** 12;
const full = await trained({}, 2);

describe.each([
  ['mixed precision', { mixedPrecision: true }],
  ['gradients kept in float16', { gradientPrecision: 'float16' }],
] as const)('%s', (_name, options) => {
  it('trains like float32 up to rounding', async () => {
    const rounded = await trained(options, 2, SMALL_LOSS_SCALE);
    for (const [i, loss] of full.losses.entries()) expect(Math.abs(rounded.losses[i] / loss - 1)).toBeLessThan(1e-3);
    for (const [i, norm] of full.norms.entries()) expect(Math.abs(rounded.norms[i] / norm - 1)).toBeLessThan(2e-3);
    expect(distance(rounded.weights, full.weights)).toBeLessThan(1e-3);
    expect(rounded.losses).not.toEqual(full.losses);
    expect(rounded.lossScale).toEqual({ value: SMALL_LOSS_SCALE, steps: 10 });
  });

  it('lowers a loss scale that makes gradients overflow, and loses no update', async () => {
    const start = 2 ** 8 * FIRST_LOSS_SCALE;
    const lowered = await trained(options, 2, start);
    expect(lowered.overflows).toBeGreaterThan(0);
    expect(lowered.norms).toHaveLength(10);
    expect(lowered.lossScale).toEqual({ value: start / 2 ** lowered.overflows, steps: 10 });
    expect(distance(lowered.weights, full.weights)).toBeLessThan(1e-3);
  });

  it('needs the loss scale, because small gradients vanish without it', async () => {
    const unscaled = await trained(options, 2, 2 ** -20);
    expect(distance(unscaled.weights, full.weights)).toBeGreaterThan(0.1);
  });
});

it('rounds a gradient when it is stored, not when other gradients are computed from it', async () => {
  const graph = new Graph();
  const [weight, shift] = [graph.parameter('weight', [4, 8]), graph.parameter('shift', [4, 8])];
  const loss = graph.reduceSum(graph.add(graph.mul(weight, 2 ** -10), shift), [0, 1]);
  const trainable = new ParameterBuffers([weight, shift].map(({ shape }, i) => ({ name: ['weight', 'shift'][i], shape })));
  const program = await TrainingProgram.create({
    graph,
    loss,
    outputs: {},
    trainable,
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    gradientPrecision: 'float16',
  });
  await program.backward({});
  const kept = await program.readGradients();
  expect(kept.get('shift')).toEqual(new Float32Array(32).fill(Infinity));
  expect(kept.get('weight')).toEqual(new Float32Array(32).fill(FIRST_LOSS_SCALE * 2 ** -10));
  await program.release();
});

describe('the loss scale', () => {
  it('doubles after 2,000 updates, and halves it down to 1', () => {
    const scale = new LossScale();
    scale.restore({ value: 2, steps: 1998 });
    scale.succeeded();
    expect(scale.state).toEqual({ value: 2, steps: 1999 });
    scale.succeeded();
    expect(scale.state).toEqual({ value: 4, steps: 0 });
    expect([scale.lower(), scale.lower(), scale.lower(), scale.value]).toEqual([true, true, false, 1]);
  });
});
