// What a training keeps in a card's memory, chosen from simulated amounts of free memory at the real geometries; no weights are made.
import { type MemoryPlan, planMemory, type PlannedStep } from '@styleforge/styleforge';
import { expect, it } from 'vitest';
import { geometryOf, modelOfGeometry } from '../src/bench/engine/geometries.ts';
import { LORA } from '../src/bench/engine/train-step.ts';

const GIBIBYTE = 2 ** 30;
/** Memory that the driver and a context leave on a card of this size, in gigabytes as NVIDIA counts them. */
const freeOn = (gigabytes: number): number => (gigabytes - 0.7) * GIBIBYTE;
const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const state = { optimizer: 'adamw', momentPrecision: 'float32', gradientPrecision: 'float32', ema: false } as const;

function step(name: string, further: Partial<PlannedStep> = {}): PlannedStep {
  const geometry = geometryOf(name);
  const model = modelOfGeometry(geometry);
  const tokenCount = model.textEncoders[0].model.config.max_position_embeddings;
  return {
    ...{ model, tokenCount, adamw, batchSize: 2, promptCount: 2, latentShape: geometry.latentShape },
    ...{ trainsText: true, gradientCheckpointing: false, ...further },
  };
}

const lora: Partial<PlannedStep> = { trainsText: false, adaptation: LORA };

const plan = (wanted: PlannedStep, gigabytes: number, { mixedPrecision = false, validates = true } = {}): MemoryPlan =>
  planMemory(wanted, { device: 'cuda', mixedPrecision, validates, state, freeBytes: freeOn(gigabytes) });
const gibibytes = (bytes: number): number => bytes / GIBIBYTE;

it('trains all of Stable Diffusion 1.5 in 24 GB with recomputation, and without it on 80 GB', () => {
  const [small, large] = [plan(step('sd15'), 24), plan(step('sd15'), 80)];
  expect([small.recomputes, small.recomputesAll, large.recomputes]).toEqual([true, false, false]);
  // 982.6 million weights with gradients and two moments
  expect(gibibytes(small.stateBytes)).toBeCloseTo(14.64, 1);
  // once more to generate with, 49.5 million of the decoder, and the passes of two samples and of one image
  expect(gibibytes(small.validationBytes)).toBeCloseTo(3.66 + 0.18 + 1.8, 1);
  expect([large.stateBytes, large.validationBytes]).toEqual([small.stateBytes, small.validationBytes]);
  // onnxruntime took 8.08 for it on a stand-in for a card (docs/experiments/gpu.md)
  expect(gibibytes(large.passBytes)).toBeCloseTo(8.4, 1);
  expect(small.passBytes).toBeLessThan(large.passBytes / 2);
  expect(plan(step('sd15', { gradientCheckpointing: true }), 80).recomputes).toBe(true);
});

it('trains a LoRA of Stable Diffusion XL in 24 GB', () => {
  const chosen = plan(step('sdxl', lora), 24, { validates: false });
  expect(chosen).toMatchObject({ recomputes: true, recomputesAll: true });
  // frozen weights in float32, and a pass of two images of 1024 pixels; with the expensive values kept it would be 12.4 GiB
  expect(gibibytes(chosen.stateBytes)).toBeCloseTo(9.9, 1);
  expect(gibibytes(chosen.passBytes)).toBeCloseTo(3.5, 1);
});

it('needs less in float16', () => {
  const [full, half] = [false, true].map((mixedPrecision) => plan(step('sd15'), 80, { mixedPrecision }));
  expect(half.passBytes).toBeLessThan(0.75 * full.passBytes);
});

it('counts what validation images need with the weights of an adaptation, and names it if a training does not fit', () => {
  const adapted = plan(step('sd15', lora), 80);
  // all weights once more, and matrices of rank 16
  expect(gibibytes(adapted.validationBytes)).toBeGreaterThan(3.66 + 0.18 + 1.8);
  expect(plan(step('sd15', lora), 80, { validates: false }).validationBytes).toBe(0);
  expect(() => plan(step('sd15'), 16)).toThrow(/5\.\d GiB for validation images, the rest for a pass; .* no validation, or a worker/s);
});

it('counts float16 copies of trained weights, and frozen weights in float16 only', () => {
  const stateOf = (further: Partial<PlannedStep>, mixedPrecision: boolean): number =>
    gibibytes(plan(step('sd15', further), 80, { mixedPrecision, validates: false }).stateBytes);
  // 982.6 million weights, two bytes more each
  expect(stateOf({}, true) - stateOf({}, false)).toBeCloseTo(1.83, 1);
  // 859.5 million frozen weights of the U-Net in two bytes each
  expect(stateOf(lora, false)).toBeCloseTo(3.25, 1);
  expect(stateOf(lora, true)).toBeCloseTo(1.65, 1);
});

it('says what does not fit, with a remedy', () => {
  expect(() => plan(step('sd15'), 12, { validates: false })).toThrow(
    /about \d+\.\d GiB of the card's memory, even when it computes activations again: 14\.6 GiB for weights, .*cuda has 11\.3 GiB free: train fewer weights/,
  );
});
