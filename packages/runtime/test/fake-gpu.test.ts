// onnxruntime's real CUDA provider on a simulated card that computes nothing. The tests show where nodes are placed, what is copied,
// launched and allocated, whether a pass can be recorded, and the errors for everything that a machine can lack. They cannot show numbers,
// times, what cuDNN chooses and needs in addition to the tensors, or how a driver behaves.
import { gradients, Graph, type Tensor } from '@styleforge/autodiff';
import { type DeviceName, passMemory, Program, splitParameters, TrainingProgram } from '@styleforge/runtime';
import { warnNotTested } from '@styleforge/testing';
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { CudaEngine } from '../src/devices/cuda-engine.ts';
import { cuda } from '../src/devices/cuda.ts';
import { loadCudaLibraries, neededLibraries } from '../src/native/cuda-libraries.ts';
import { takeNodePlaces } from './fake-gpu/node-places.ts';
import { FakeGpu, gpuFolder, missingGpu } from './fake-gpu/fake-gpu.ts';

const what = "onnxruntime's CUDA provider on a simulated card";
const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const rates = { learningRate: 0.1, weightDecay: 0, maxGradNorm: 1 };
const feeds = { x: new Float32Array(2 * 4 * 16 * 16).fill(0.1) };

/** Convolutions, normalization, attention, products: every kind of layer of a training. */
function network(scale: 1 | 8 = 1, width: 32 | 80 = 32): { readonly graph: Graph; readonly loss: Tensor } {
  const graph = new Graph();
  let y = graph.silu(
    graph.conv2d(
      graph.input('x', scale === 1 ? [2, 4, 16, 16] : [8, 4, 64, 64]),
      graph.parameter('conv', [32, 4, 3, 3]),
      graph.parameter('bias', [32]),
      {
        pads: [1, 1, 1, 1],
      },
    ),
  );
  y = graph.conv2d(y, graph.parameter('down', [32, 32, 3, 3]), undefined, { strides: [2, 2], pads: [1, 1, 1, 1] });
  y = graph.upsampleNearest(graph.conv2d(y, graph.parameter('same', [32, 32, 3, 3]), undefined, { pads: [1, 1, 1, 1] }), [2, 2]);
  y = graph.conv2d(y, graph.parameter('again', [32, 32, 3, 3]), undefined, { strides: [2, 2], pads: [1, 1, 1, 1] });
  const sequence = graph.standardize(graph.transpose(graph.reshape(y, scale === 1 ? [2, 32, 64] : [8, 32, 1024]), [0, 2, 1]), 1e-5);
  const [q, k, v] = ['q', 'k', 'v'].map((name) => graph.linear(sequence, graph.parameter(name, [width, 32])));
  const out = graph.gelu(graph.attention(q, k, v, { heads: 2, scale: 0.25 }));
  return { graph, loss: graph.reduceMean(graph.square(out), [0, 1, 2]) };
}

describe.skipIf(warnNotTested(what, missingGpu))('the CUDA provider', () => {
  let gpu: FakeGpu;
  let device: DeviceName;

  beforeAll(() => {
    gpu = new FakeGpu();
    const engine = new CudaEngine({ index: 0, folder: gpuFolder() });
    device = { ...cuda(0), engine: () => engine } as unknown as DeviceName;
  });

  async function training(compile: object = {}): Promise<TrainingProgram<'loss'>> {
    // heads of forty numbers have a kernel for attention
    const { graph, loss } = network(1, 'gradientKernels' in compile ? 80 : 32);
    const { trainable } = splitParameters(graph, new Set(graph.parameters.keys()));
    return TrainingProgram.create({ graph, loss, outputs: { loss }, trainable, adamw, compile: { device, ...compile } });
  }

  const manyImages = { x: new Float32Array(8 * 4 * 64 * 64).fill(0.1) };

  function large(compile: object): Promise<TrainingProgram<'loss'>> {
    const { graph, loss } = network(8);
    const { trainable } = splitParameters(graph, new Set(graph.parameters.keys()));
    return TrainingProgram.create({ graph, loss, outputs: { loss }, trainable, adamw, compile: { device, ...compile } });
  }

  /** The memory of its pass, predicted from the graph alone. */
  function foretold(compile: object): number {
    const { graph, loss } = network(8);
    const scale = 'mixedPrecision' in compile ? graph.input('loss_scale', []) : undefined;
    const computed = gradients(graph, loss, [...graph.parameters.values()], scale);
    return passMemory(graph, { loss, ...Object.fromEntries(computed.map((gradient, i) => [`gradient:${i}`, gradient])) }, 'cuda', compile)
      .bytes;
  }

  async function step(program: TrainingProgram<'loss'>): Promise<void> {
    await program.backward(feeds);
    await program.update(rates);
  }

  it.each([
    ['float32', {}, 100],
    ['float16 products', { mixedPrecision: true }, 100],
    ['own kernels', { gradientKernels: 'all' }, 70],
    ['own kernels and float16 products', { gradientKernels: 'all', mixedPrecision: true }, 90],
  ])('runs every node of a training without a copy between devices: %s', async (_name, options, least) => {
    const trace = join(mkdtempSync(join(tmpdir(), 'styleforge-places-')), 'trace');
    const program = await training({ ...options, profile: trace });
    await program.backward(feeds);
    await program.release();
    const places = await takeNodePlaces(trace);
    expect(places.get('CUDAExecutionProvider')!.length).toBeGreaterThan(least);
    expect([...places.keys()]).toEqual(['CUDAExecutionProvider']);
    expect(places.get('CUDAExecutionProvider')!.filter((kind) => kind.startsWith('Memcpy'))).toEqual([]);
  });

  it.each([
    ['float32', {}],
    ['float16 products', { mixedPrecision: true }],
    ['own kernels', { gradientKernels: 'all' }],
    ['own kernels and float16 products', { gradientKernels: 'all', mixedPrecision: true }],
  ])('records a pass once and replays it with one launch, three waits and no allocation: %s', async (_name, options) => {
    const program = await training(options);
    gpu.reset();
    await step(program);
    expect(gpu.counts).toMatchObject({ recordings: 1 });
    await step(program);
    gpu.reset();
    for (let i = 0; i < 5; i++) await step(program);
    const { counts } = gpu;
    expect(counts.cudaGraphLaunch).toBe(5);
    expect(counts.cudaMalloc).toBeUndefined();
    // The norm's three kernels and the update; the recording contains the pass
    expect(counts.launch).toBe(5 * 4);
    expect(counts.wait).toBe(5 * 3);
    expect(counts['copy device to device']).toBeUndefined();
    expect(Object.keys(counts).filter((name) => name.startsWith('forbidden'))).toEqual([]);
    // the loss and the sum of squares
    expect(counts['bytes to host']).toBe(5 * (4 + 8));
    await program.release();
  });

  it('records generation after its first runs, all of which return results', async () => {
    const { graph, loss } = network();
    const program = await Program.compile(graph, { loss }, { device });
    for (const [name, { shape }] of graph.parameters) program.bind([[name, new Float32Array(shape.reduce((a, b) => a * b, 1))]]);
    gpu.reset();
    for (let run = 0; run < 8; run++) await program.run(feeds);
    const { counts } = gpu;
    expect(counts.recordings).toBe(1);
    expect(counts.cudaGraphLaunch).toBeGreaterThanOrEqual(4);
    expect(Object.keys(counts).filter((name) => name.startsWith('forbidden'))).toEqual([]);
    gpu.reset();
    await program.run(feeds);
    expect(gpu.counts.launch).toBeUndefined();
    expect(gpu.counts).toMatchObject({ cudaGraphLaunch: 1 });
    await program.release();
  });

  it('runs without recording if memory is to be saved, within limits for launches and memory', async () => {
    const program = await training({ keepMemory: false });
    await step(program);
    gpu.reset();
    await step(program);
    const { counts } = gpu;
    expect(counts.cudaGraphLaunch).toBeUndefined();
    expect(counts.cudaMalloc).toBeUndefined();
    expect(counts.launch).toBeGreaterThan(100);
    expect(counts.launch).toBeLessThan(400);
    expect(counts['peak bytes']).toBeLessThan(96 * 2 ** 20);
    expect(Object.keys(counts).filter((name) => name.startsWith('forbidden'))).toEqual([]);
    await program.release();
  });

  it.each([
    ['kept', {}],
    ['saved', { keepMemory: false }],
    ['kept with float16 products', { mixedPrecision: true }],
  ])('uses as much memory as predicted from the graph, if it is %s', async (_name, options) => {
    const before = gpu.counts['used bytes'];
    const program = await large(options);
    await program.backward(manyImages);
    const taken = gpu.counts['used bytes'] - before;
    expect(foretold(options)).toBeGreaterThan(16 * 2 ** 20);
    // Weights, gradients and moments are small; the arena keeps the peak of the pass
    expect(taken / foretold(options)).toBeGreaterThan(0.9);
    expect(taken / foretold(options)).toBeLessThan(1.1);
    await program.release();
  });

  it('continues with less memory when it is compiled again on a full card', async () => {
    const program = await large({});
    gpu.reset(0.8 * foretold({}));
    await expect(program.backward(manyImages)).rejects.toMatchObject({ name: 'DeviceMemoryError' });
    // a graph of smaller batches, as one with recomputation would take less
    const { graph, loss } = network();
    await program.rebuild({ graph, loss, outputs: { loss } }, { keepMemory: false });
    await program.backward(feeds);
    await program.update(rates);
    await program.release();
    // nothing is left to be released
    await program.release();
    gpu.reset(80 * 2 ** 30);
  });

  it('releases what a training and a program have used', async () => {
    const used: number[] = [];
    for (let round = 0; round < 3; round++) {
      const program = await training();
      await step(program);
      await program.release();
      const graph = new Graph();
      const double = await Program.compile(graph, { y: graph.mul(graph.input('x', [4]), 2) }, { device });
      await double.run({ x: new Float32Array(4) });
      await double.release();
      used.push(gpu.counts['used bytes']);
    }
    expect(used[2]).toBe(used[1]);
  });

  it('reports how much memory is missing if the card is full', async () => {
    gpu.reset(2 ** 16);
    await expect(training()).rejects.toMatchObject({
      code: 'device_unavailable',
      message: expect.stringMatching(/out of memory: \d+ MiB are needed, \d+ of the card's/),
    });
    gpu.reset(80 * 2 ** 30);
    await (await training()).release();
  });

  it('reports this in the middle of a training, and can be used again afterwards', async () => {
    // enough for the weights, and too little for a pass
    const program = await training();
    gpu.reset(2 ** 12);
    await expect(program.backward(feeds)).rejects.toMatchObject({
      name: 'DeviceMemoryError',
      code: 'device_unavailable',
      message: expect.stringMatching(/out of memory: \d+ MiB are needed, \d of the card's \d+ MiB are free: train LoRA/),
    });
    gpu.reset(80 * 2 ** 30);
    // the same training continues once there is memory
    await step(program);
    const before = gpu.counts['used bytes'];
    await program.release();
    expect(gpu.counts['used bytes']).toBeLessThan(before);
    const after = await training();
    await step(after);
    await after.release();
  });
});

describe.skipIf(warnNotTested(what, missingGpu))("NVIDIA's libraries", () => {
  it('have the version that the provider needs', () => {
    const needed = neededLibraries(join(gpuFolder(), 'libonnxruntime_providers_cuda.so'));
    expect(needed).toEqual(expect.arrayContaining(['libcublas.so.13', 'libcudart.so.13', 'libcuda.so.1']));
    expect(loadCudaLibraries(gpuFolder())).toMatchObject({ version: 13 });
  });

  it.each([
    ['the provider', 'libonnxruntime_providers_cuda.so', "onnxruntime's CUDA provider is not installed"],
    ["the provider's base", 'libonnxruntime_providers_shared.so', "onnxruntime's CUDA provider is not installed"],
    ['the driver', 'libcuda.so.1', "NVIDIA's driver is missing (libcuda.so.1): install it, or start the container with --gpus all"],
    [
      'cuBLAS',
      'libcublas.so.13',
      "libcublas.so.13 of NVIDIA's CUDA libraries is missing: install the libraries for CUDA 13 (PyPI: pip install --target",
    ],
    ['cuDNN', 'libcudnn.so.9', '--no-deps nvidia-cudnn-cu13)'],
  ])('are refused without %s, which the message names', (_what, name, message) => {
    // A loaded library is found by its name wherever it is, so another process looks
    expect(refusalWithout(name)).toContain(message);
  });
});

/** The error of a process that finds all libraries except one. */
function refusalWithout(name: string): string {
  const source = `
    import { loadCudaLibraries } from './src/native/cuda-libraries.ts';
    try { loadCudaLibraries(${JSON.stringify(gpuFolder([name]))}); console.log('nothing is missing'); } catch (error) { console.log(error.message); }`;
  const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  return stdout.toString();
}
