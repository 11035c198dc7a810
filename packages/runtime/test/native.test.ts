// onnxruntime's C API through koffi: the same values as onnxruntime-node, errors as exceptions, and an owner for every object.
import { Graph, gradients, type Tensor } from '@styleforge/autodiff';
import { emitOnnx, type OnnxModel } from '@styleforge/onnx';
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { OnnxRuntimeError } from '../src/native/api.ts';
import { Environment } from '../src/native/environment.ts';
import { LibraryError, onnxruntimeLibrary } from '../src/native/library-paths.ts';
import { ReleasedError } from '../src/native/owned.ts';
import { Binding, NativeSession } from '../src/native/session.ts';
import { valueOver, type TensorArray } from '../src/native/values.ts';

const environment = new Environment(onnxruntimeLibrary());
afterAll(() => environment.release());
const settings = { optimizes: false, threads: 1, config: {} };

/** A training graph of several kinds of layers, with its gradients. */
function trainingModel(): OnnxModel {
  const graph = new Graph();
  const x = graph.input('x', [2, 4, 16, 16]);
  let y: Tensor = graph.silu(graph.conv2d(x, graph.parameter('conv', [8, 4, 3, 3]), graph.parameter('bias', [8]), { pads: [1, 1, 1, 1] }));
  y = graph.conv2d(y, graph.parameter('down', [8, 8, 3, 3]), undefined, { strides: [2, 2], pads: [1, 1, 1, 1] });
  const sequence = graph.standardize(graph.transpose(graph.reshape(y, [2, 8, 64]), [0, 2, 1]), 1e-5);
  const out = graph.attention(sequence, graph.linear(sequence, graph.parameter('k', [8, 8])), sequence, { heads: 2, scale: 0.5 });
  const loss = graph.reduceMean(graph.square(out), [0, 1, 2]);
  const names = [...graph.parameters.keys()];
  const computed = gradients(
    graph,
    loss,
    names.map((name) => graph.parameters.get(name)!),
  );
  return emitOnnx(graph, { loss, ...Object.fromEntries(names.map((name, i) => [`d:${name}`, computed[i]])) }, 'cpu');
}

const size = ({ shape }: Tensor): number => shape.reduce((product, dimension) => product * dimension, 1);
const wave = (length: number, frequency: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.3 * Math.sin(1 + i * frequency));

function scalingModel(): Uint8Array {
  const graph = new Graph();
  return emitOnnx(graph, { w: graph.sub(graph.input('w', [1000]), graph.mul(graph.input('g', [1000]), graph.input('rate', []))) }, 'cpu')
    .bytes;
}

interface Bound {
  readonly session: NativeSession;
  readonly binding: Binding;
}

function bound(arrays: Readonly<Record<string, readonly [TensorArray, readonly number[]]>>): Bound {
  const session = new NativeSession(environment, scalingModel(), settings);
  const binding = new Binding(session);
  try {
    for (const [name, [array, shape]] of Object.entries(arrays)) binding.input(name, valueOver(environment, array, shape), array);
  } catch (error) {
    binding.release();
    session.release();
    throw error;
  }
  return { session, binding };
}

it('computes the same bits as onnxruntime-node, for a graph and its gradients', async () => {
  const { bytes, inputs, inputNames, outputNames, outputTensors } = trainingModel();
  const arrays = inputs.map((tensor, i) => wave(size(tensor), 0.7 + 0.1 * i));
  const reference = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 });
  const expected = await reference.run(
    Object.fromEntries(inputNames.map((name, i) => [name, new ort.Tensor('float32', arrays[i], inputs[i].shape)])),
  );
  const session = new NativeSession(environment, bytes, settings);
  const binding = new Binding(session);
  inputNames.forEach((name, i) => binding.input(name, valueOver(environment, arrays[i], inputs[i].shape), arrays[i]));
  const results = Object.entries(outputTensors).map(([name, tensor]) => {
    const array = new Float32Array(size(tensor));
    binding.output(outputNames[name], valueOver(environment, array, tensor.shape), array);
    return [name, array] as const;
  });
  binding.run();
  for (const [name, array] of results) {
    expect(array.some((value) => value !== 0)).toBe(true);
    expect(array).toEqual(expected[outputNames[name]].data);
  }
  binding.release();
  session.release();
  await reference.release();
});

it('writes a result into the array that feeds it, and reads a bound number that has changed', () => {
  const [w, g, rate] = [wave(1000, 0.1), new Float32Array(1000).fill(2), Float32Array.of(0.25)];
  const before = w.slice();
  const { session, binding } = bound({ w: [w, [1000]], g: [g, [1000]], rate: [rate, []] });
  binding.output('out:w', valueOver(environment, w, [1000]), w);
  for (let run = 0; run < 10; run++) binding.run();
  rate[0] = 0.5;
  binding.run();
  w.forEach((value, i) => expect(value).toBeCloseTo(before[i] - 6, 4));
  binding.release();
  session.release();
});

describe('errors of onnxruntime', () => {
  const array = new Float32Array(1000);
  const one = Float32Array.of(1);
  const running = (arrays: Parameters<typeof bound>[0]) => () => {
    const { session, binding } = bound(arrays);
    try {
      binding.output('out:w', valueOver(environment, array, [1000]), array);
      binding.run();
    } finally {
      binding.release();
      session.release();
    }
  };

  it.each([
    ['a broken model', 'invalid_protobuf', () => new NativeSession(environment, Buffer.from('nonsense'), settings)],
    ['a name that the model does not have', 'fail', running({ nobody: [array, [1000]] })],
    ['an input that is missing', 'fail', running({ w: [array, [1000]] })],
    ['another shape', 'invalid_argument', running({ w: [new Float32Array(10), [10]], g: [array, [1000]], rate: [one, []] })],
    ['another type', 'invalid_argument', running({ w: [new Int32Array(1000), [1000]], g: [array, [1000]], rate: [one, []] })],
    ['an array that is too small', 'invalid_argument', () => valueOver(environment, one, [11])],
  ])('become exceptions: %s', (_what, code, act) => {
    const alive = environment.aliveCount;
    expect(act).toThrow(OnnxRuntimeError);
    expect(act).toThrow(expect.objectContaining({ code }));
    expect(environment.aliveCount).toBe(alive);
  });

  it('name a folder without a library, and a file that is not a library', () => {
    const folder = mkdtempSync(join(tmpdir(), 'styleforge-native-'));
    expect(() => onnxruntimeLibrary(folder)).toThrow(LibraryError);
    expect(() => onnxruntimeLibrary(folder)).toThrow(`${folder} contains no onnxruntime library`);
    expect(() => new Environment(fileURLToPath(import.meta.url))).toThrow(LibraryError);
  });
});

describe('owned objects', () => {
  it('cannot be used after their release', () => {
    const array = new Float32Array(1000);
    const { session, binding } = bound({ w: [array, [1000]], g: [array, [1000]], rate: [Float32Array.of(1), []] });
    const value = valueOver(environment, array, [1000]);
    value.release();
    expect(() => binding.output('out:w', value, array)).toThrow(ReleasedError);
    session.release();
    expect(() => binding.run()).toThrow(new ReleasedError('the session was released and cannot be used'));
    binding.release();
    binding.release();
    expect(() => binding.run()).toThrow(ReleasedError);
    expect(() => new Binding(session)).toThrow('the session was released');
  });

  it('are all released with the environment, the latest first', () => {
    const own = new Environment(onnxruntimeLibrary());
    const session = new NativeSession(own, scalingModel(), settings);
    const binding = new Binding(session);
    own.release();
    expect(own.aliveCount).toBe(0);
    expect(() => binding.run()).toThrow(ReleasedError);
    expect(() => new NativeSession(own, scalingModel(), settings)).toThrow(ReleasedError);
  });

  it('keep bound memory, which garbage collection neither moves nor frees', () => {
    const { session, binding } = bound({ g: [new Float32Array(1000).fill(1), [1000]], rate: [Float32Array.of(1), []] });
    const w = new Float32Array(1000);
    binding.input('w', valueOver(environment, w, [1000]), w);
    binding.output('out:w', valueOver(environment, w, [1000]), w);
    for (let run = 1; run <= 30; run++) {
      Array.from({ length: 100_000 }, () => ({}));
      binding.run();
    }
    expect(w).toEqual(new Float32Array(1000).fill(-30));
    binding.release();
    session.release();
  });

  it('keep the library loaded, so that its functions work after garbage collection', () => {
    const source = `
      const { Environment } = await import('./src/native/environment.ts');
      const { onnxruntimeLibrary } = await import('./src/native/library-paths.ts');
      const environment = new Environment(onnxruntimeLibrary());
      for (let round = 0; round < 5; round++) { globalThis.gc(); await new Promise(setImmediate); }
      environment.release();
      console.log('released');`;
    const args = ['--expose-gc', '--import', 'tsx', '--input-type=module', '-e', source];
    const { stdout, status, signal } = spawnSync(process.execPath, args, { cwd: fileURLToPath(new URL('..', import.meta.url)) });
    expect({ text: stdout.toString().trim(), status, signal }).toEqual({ text: 'released', status: 0, signal: null });
  }, 60_000);

  it('end with the process, even if the program releases nothing', () => {
    const source = `
      import { Graph } from '@styleforge/autodiff';
      import { Program } from '@styleforge/runtime';
      const graph = new Graph();
      const x = graph.input('x', [2]);
      const program = await Program.compile(graph, { y: graph.add(x, x) });
      console.log((await program.run({ x: Float32Array.of(1, 2) })).y.join());`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', source];
    const { stdout, status, signal } = spawnSync(process.execPath, args, { cwd: fileURLToPath(new URL('..', import.meta.url)) });
    expect({ text: stdout.toString().trim(), status, signal }).toEqual({ text: '2,4', status: 0, signal: null });
  }, 60_000);
});

describe('memory of the engine', () => {
  it('can be shared with another thread, which computes in it', async () => {
    const shared = new Float32Array(new SharedArrayBuffer(4000)).fill(5);
    const worker = new Worker(new URL('shared-thread.mjs', import.meta.url), { workerData: { shared, model: scalingModel() } });
    await new Promise((resolve, reject) => worker.on('error', reject).on('exit', resolve));
    expect(shared).toEqual(new Float32Array(shared.length).fill(4));
  }, 60_000);

  it('does not grow with the number of sessions, values and failures', () => {
    const rounds = (count: number): number => {
      for (let round = 0; round < count; round++) {
        const array = new Float32Array(1000);
        const { session, binding } = bound({ w: [array, [1000]], g: [array, [1000]], rate: [Float32Array.of(1), []] });
        binding.output('out:w', valueOver(environment, array, [1000]), array);
        binding.run();
        binding.release();
        session.release();
        expect(() => valueOver(environment, array, [1001])).toThrow(OnnxRuntimeError);
      }
      return process.memoryUsage().rss;
    };
    const before = rounds(100);
    expect(rounds(200) - before).toBeLessThan(64 * 2 ** 20);
    expect(environment.aliveCount).toBeLessThan(3);
  }, 120_000);
});
