// Pretraining that is cut off continues to the very bits of one that is not.
import { Graph } from '@styleforge/autodiff';
import { randomNormals } from '@styleforge/diffusion';
import { ParameterBuffers, TrainingProgram } from '@styleforge/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runTrainingLoop } from '../src/pretrain/training-loop.ts';

const [ROWS, INPUTS, OUTPUTS, STEPS, CUT_OFF_AT] = [8, 6, 4, 120, 71];
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-loop-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

class CutOff extends Error {}

/** Fits a linear map to noise; the batch is a function of the step. */
async function train(
  stateDirectory: string,
  cutOffAt = Infinity,
  onStep: () => void = () => undefined,
): Promise<{ weights: Float32Array; average: Float32Array; from: number }> {
  const graph = new Graph();
  const predicted = graph.matmul(graph.input('x', [ROWS, INPUTS]), graph.parameter('w', [INPUTS, OUTPUTS]));
  const loss = graph.reduceMean(graph.reduceMean(graph.square(graph.sub(predicted, graph.input('y', [ROWS, OUTPUTS]))), [1]), [0]);
  const weights = new ParameterBuffers([{ name: 'w', shape: [INPUTS, OUTPUTS] }]);
  const program = await TrainingProgram.create({
    graph,
    loss,
    outputs: { loss },
    trainable: weights,
    adamw: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
    compile: { threads: 1 },
  });
  let from = -1;
  try {
    const average = await runTrainingLoop({
      program,
      stateDirectory,
      steps: STEPS,
      learningRate: 1e-2,
      warmupSteps: 10,
      emaDecay: 0.99,
      maxGradNorm: 1,
      batchSize: ROWS,
      snapshotMinutes: 0,
      log: () => undefined,
      onSnapshot: async () => undefined,
      pass: async (step) => {
        if (from < 0) from = step;
        onStep();
        if (step === cutOffAt) throw new CutOff();
        const draw = (purpose: string, count: number): Float32Array => randomNormals({ seed: 1, step, purpose }, count);
        return (await program.backward({ x: draw('x', ROWS * INPUTS), y: draw('y', ROWS * OUTPUTS) })).loss[0];
      },
    });
    return { weights: weights.get('w'), average: average.get('w'), from };
  } finally {
    await program.release();
  }
}

it('ends with the same weights and the same average, from the last saved step on', async () => {
  const whole = await train(join(scratch, 'whole'));
  const state = join(scratch, 'cut');
  await expect(train(state, CUT_OFF_AT)).rejects.toThrow(CutOff);
  const resumed = await train(state);
  expect(resumed.from).toBe(50);
  expect(whole.weights.some((value) => value !== 0)).toBe(true);
  expect([resumed.weights, resumed.average]).toEqual([whole.weights, whole.average]);
});

it('lets the event loop turn between all steps, so that a signal ends it', async () => {
  let turn = 0;
  let running = true;
  const count = (): void => {
    turn += 1;
    if (running) setImmediate(count);
  };
  const turnOfStep: number[] = [];
  setImmediate(count);
  await expect(train(join(scratch, 'turns'), 40, () => turnOfStep.push(turn))).rejects.toThrow(CutOff);
  running = false;
  expect(new Set(turnOfStep).size).toBe(41);
});
