// Training that stays on the device, against the processor; on software Vulkan where there is no GPU.
import { Graph } from '@styleforge/autodiff';
import { checkDevice, ParameterBuffers, TrainingProgram, type Device } from '@styleforge/runtime';
import { describe, expect, it } from 'vitest';

const absence = await checkDevice('webgpu').then(() => null, (error: unknown) => String(error));

function fill(values: Float32Array, frequency: number): Float32Array {
  return values.map((_, i) => 0.3 * Math.sin(1 + i * frequency));
}

async function trained(device: Device, passes: number): Promise<{ weights: ParameterBuffers; losses: number[]; norms: number[] }> {
  const graph = new Graph();
  const x = graph.input('x', [2, 4, 16, 16]);
  let y = graph.silu(graph.conv2d(x, graph.parameter('conv', [8, 4, 3, 3]), graph.parameter('bias', [8]), { pads: [1, 1, 1, 1] }));
  y = graph.conv2d(y, graph.parameter('down', [8, 8, 3, 3]), undefined, { strides: [2, 2], pads: [1, 1, 1, 1] });
  const sequence = graph.transpose(graph.reshape(graph.conv2d(y, graph.parameter('point', [8, 8, 1, 1])), [2, 8, 64]), [0, 2, 1]);
  const out = graph.linear(graph.standardize(sequence, 1e-5), graph.parameter('linear', [4, 8]));
  const loss = graph.reduceMean(graph.square(graph.sub(out, graph.input('target', [2, 64, 4]))), [0, 1, 2]);
  const weights = new ParameterBuffers([...graph.parameters].map(([name, { shape }]) => ({ name, shape })));
  weights.specs.forEach(({ name }, i) => weights.get(name).set(fill(weights.get(name), 0.7 + 0.1 * i)));
  const program = await TrainingProgram.create({ graph, loss, outputs: { loss }, trainable: weights, adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, compile: { device } });
  const [losses, norms]: number[][] = [[], []];
  for (let step = 0; step < 10; step++) {
    for (let pass = 0; pass < passes; pass++) {
      const feeds = { x: fill(new Float32Array(2048), 0.3 + 0.01 * step + 0.2 * pass), target: fill(new Float32Array(512), 0.9) };
      losses.push((await program.backward(feeds)).loss[0]);
    }
    norms.push((await program.update({ learningRate: 1e-2, weightDecay: 1e-2, maxGradNorm: 0.5 })).gradNorm);
  }
  await program.download();
  await program.release();
  return { weights, losses, norms };
}

function distance(a: ParameterBuffers, b: ParameterBuffers): number {
  let [difference, size] = [0, 0];
  for (const { name } of a.specs) a.get(name).forEach((value, i) => { difference += (value - b.get(name)[i]) ** 2; size += value ** 2; });
  return Math.sqrt(difference / size);
}

describe.skipIf(absence !== null)('training on webgpu', () => {
  it('equals the processor after ten updates of two passes each', async () => {
    const [host, device] = [await trained('cpu', 2), await trained('webgpu', 2)];
    expect(host.losses.at(-1)).toBeLessThan(host.losses[0]);
    for (const [i, loss] of host.losses.entries()) expect(Math.abs(device.losses[i] / loss - 1)).toBeLessThan(1e-3);
    for (const [i, norm] of host.norms.entries()) expect(Math.abs(device.norms[i] / norm - 1)).toBeLessThan(1e-3);
    expect(distance(host.weights, device.weights)).toBeLessThan(1e-3);
  });
});
