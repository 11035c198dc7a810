// A device that turns out to be too full for a pass: the step is made once more with all activations computed again, and only then the
// training fails.
import { DeviceMemoryError, TrainingProgram } from '@styleforge/runtime';
import { trainStyleForge } from '@styleforge/styleforge';
import { rm } from 'node:fs/promises';
import { afterEach, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { fingerprint, type TinyTraining, tinyTraining } from './tiny-training.ts';

const FULL = "the device 'cuda' cannot be used: out of memory: 900 MiB are needed, 12 of the card's 24576 MiB are free: train LoRA";

let training: TinyTraining;
beforeAll(async () => {
  training = await tinyTraining();
  return () => rm(training.directory, { recursive: true });
});
afterEach(() => vi.restoreAllMocks());

/** Makes the passes with these numbers, counted from 0, meet a full card. */
function fillCardAt(...passes: readonly number[]): void {
  const { backward } = TrainingProgram.prototype;
  let pass = 0;
  vi.spyOn(TrainingProgram.prototype, 'backward').mockImplementation(function (this: TrainingProgram<string>, ...args) {
    return passes.includes(pass++) ? Promise.reject(new DeviceMemoryError(FULL)) : backward.apply(this, args);
  });
}

const twoPasses = { gradient_accumulation_steps: 2, max_train_steps: 3, checkpointing_steps: null };
const run = (name: string, more: object = {}, onRecomputation = vi.fn()) => {
  onTestFinished(() => rm(training.options(name, {}).workDirectory, { recursive: true, force: true }));
  return trainStyleForge(training.options(name, { hyperparameters: { ...twoPasses, ...more } as never }, { onRecomputation }));
};

it('repeats the step with all activations recomputed, and ends like a training that recomputes them from the start', async () => {
  const { directory: expected } = await run('recomputed', { gradient_checkpointing: true, ema: true });
  // the second pass of the second step: weights, moments and the average have changed, and gradients of a pass are waiting
  fillCardAt(3);
  const told = vi.fn();
  const { directory, finalStep } = await run('fallen-back', { ema: true }, told);
  expect(told.mock.calls).toEqual([[{ step: 2, reason: FULL }]]);
  expect(finalStep).toBe(3);
  const [own, other] = [await fingerprint(directory), await fingerprint(expected)];
  // the settings say what was asked for
  const weightsOf = (files: Record<string, string>): [string, string][] =>
    Object.entries(files).filter(([name]) => name.endsWith('.safetensors'));
  expect(weightsOf(own).length).toBeGreaterThan(1);
  expect(weightsOf(own)).toEqual(weightsOf(other));
});

it.each([
  ['recomputation does not suffice', [0, 1], {}, 1],
  ['recomputation of all does not suffice', [0, 1], { gradient_checkpointing: true }, 1],
  ['the first steps are over', [6], { max_train_steps: 4 }, 0],
])('fails with a remedy if %s', async (_what, passes, more, recomputations) => {
  fillCardAt(...passes);
  const told = vi.fn();
  await expect(run('refused', more, told)).rejects.toThrow(FULL);
  expect(told).toHaveBeenCalledTimes(recomputations);
});
