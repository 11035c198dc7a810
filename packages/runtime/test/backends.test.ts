// Gradients read from a training and added to it, in the host's arrays and in a device's memory.
import { Graph } from '@styleforge/autodiff';
import { checkDevice, type DeviceName, NoGradientsError, ParameterBuffers, splitParameters, TrainingProgram } from '@styleforge/runtime';
import { warnNotTested } from '@styleforge/testing';
import { describe, expect, it } from 'vitest';

const missing = await checkDevice('webgpu').then(
  () => undefined,
  (error: unknown) => String(error),
);

/** loss = mean((w x)^2) */
async function training(device: DeviceName): Promise<TrainingProgram<never>> {
  const graph = new Graph();
  const y = graph.linear(graph.input('x', [2, 4]), graph.parameter('w', [3, 4]));
  const { trainable } = splitParameters(graph, new Set(['w']));
  trainable.get('w').set(Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)));
  const loss = graph.reduceMean(graph.square(y), [0, 1]);
  const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  return TrainingProgram.create({ graph, loss, outputs: {}, trainable, adamw, compile: { device } });
}

const feeds = (scale: number): { x: Float32Array } => ({ x: Float32Array.from({ length: 8 }, (_, i) => scale * Math.cos(i)) });
const close = (a: ParameterBuffers, b: ParameterBuffers): void =>
  a.get('w').forEach((value, i) => expect(value).toBeCloseTo(b.get('w')[i], 5));
const rates = { learningRate: 0.1, weightDecay: 0, maxGradNorm: 0.01 };

function behavior(device: DeviceName): void {
  it('reads the sum of the passes since the last update', async () => {
    const program = await training(device);
    await expect(program.readGradients()).rejects.toThrow(NoGradientsError);
    await program.backward(feeds(1));
    const once = await program.readGradients();
    expect(once.get('w').some((value) => Math.abs(value) > 0.1)).toBe(true);
    await program.backward(feeds(1));
    const twice = await program.readGradients();
    once.get('w').forEach((value, i) => expect(twice.get('w')[i]).toBeCloseTo(2 * value, 5));
    await program.update(rates);
    await expect(program.readGradients()).rejects.toThrow('they exist between backward() and update()');
    await program.release();
  });

  it('adds gradients of another training as if they were its own, before, after and instead of its own pass', async () => {
    const [whole, first, second] = [await training(device), await training(device), await training(device)];
    await whole.backward(feeds(1));
    await whole.backward(feeds(2));
    await first.backward(feeds(1));
    await second.backward(feeds(2));
    const [ofFirst, ofSecond] = [await first.readGradients(), await second.readGradients()];
    await first.addGradients(ofSecond);
    close(await first.readGradients(), await whole.readGradients());
    const third = await training(device);
    await third.addGradients(ofFirst);
    await third.backward(feeds(2));
    for (const program of [whole, first, third]) await program.update(rates);
    for (const program of [whole, first, third]) await program.download();
    close(first.weights, whole.weights);
    close(third.weights, whole.weights);
    expect(whole.weights.get('w')).not.toEqual(second.weights.get('w'));
    await Promise.all([whole, first, second, third].map((program) => program.release()));
  });
}

describe('on the processor', () => behavior('cpu'));
describe.skipIf(warnNotTested('gradients on webgpu', missing))('on webgpu', () => behavior('webgpu'));
