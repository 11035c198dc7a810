// Runs a written model on the simulated card in a separate process, and prints the counts as JSON:
// node --import tsx packages/runtime/test/fake-gpu/measure-model.ts DESCRIPTION.json
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CudaEngine } from '../../src/devices/cuda-engine.ts';
import { cuda } from '../../src/devices/cuda.ts';
import { type BlockDevice } from '../../src/devices/device.ts';
import { type Owned } from '../../src/native/owned.ts';
import { openBlockRunner } from '../../src/programs/block-runner.ts';
import { type ElementType } from '../../src/native/values.ts';
import { type CompileOptions } from '../../src/programs/session.ts';
import { FakeGpu, gpuFolder } from './fake-gpu.ts';
import { takeNodePlaces } from './node-places.ts';

interface Described {
  readonly name: string;
  readonly shape: readonly number[];
}
interface Description {
  /** The file of the model. */
  readonly model: string;
  readonly compile: CompileOptions;
  readonly inputs: readonly (Described & { readonly dtype: ElementType; readonly isWeight: boolean })[];
  readonly outputs: readonly Described[];
}

const gpu = new FakeGpu();
const engine = new CudaEngine({ index: 0, folder: gpuFolder() });
gpu.reset(2 ** 39);
const device = { ...(cuda(0) as BlockDevice), engine: () => engine };
const { model, compile, inputs, outputs } = JSON.parse(readFileSync(process.argv[2], 'utf8')) as Description;
const written = { bytes: readFileSync(model), weights: new Map<string, never>() };
const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Opens the model, runs it `runs` times, and returns the bytes that were allocated for its values. */
async function taken(further: CompileOptions, runs: number): Promise<number> {
  const runner = openBlockRunner(engine, device, written, { ...compile, ...further }, 'beforehand');
  const owned: Owned[] = [];
  const attach = (direction: 'input' | 'output', { name, shape }: Described, type: 'float16' | 'float32' = 'float32'): void => {
    const size = Math.max(1, count(shape)) * (type === 'float16' ? 2 : 4);
    owned.push(engine.runtime.allocate(size));
    runner.attach(direction, name, owned.at(-1)!.handle, size, type, shape);
  };
  for (const input of inputs) {
    const { name, shape, dtype, isWeight } = input;
    if (isWeight) attach('input', input, dtype as 'float16' | 'float32');
    else runner.feed(name, dtype === 'int32' ? new Int32Array(count(shape)) : new Float32Array(count(shape)), shape);
  }
  for (const output of outputs) attach('output', output);
  const before = gpu.counts['used bytes'];
  gpu.reset();
  for (let run = 0; run < runs; run++) await runner.run();
  const after = gpu.counts['used bytes'];
  await runner.release();
  owned.forEach((memory) => memory.release());
  return after - before;
}

const trace = join(mkdtempSync(join(tmpdir(), 'styleforge-places-')), 'trace');
const memory = await taken({ profile: trace }, 2);
const { launch: launches } = gpu.counts;
const places = await takeNodePlaces(trace);
if (compile.keepMemory !== false) await taken({}, 2);
const { counts } = gpu;
console.log(
  JSON.stringify({
    memory,
    launches: launches / 2,
    providers: [...places.keys()],
    copiesBetweenDevices: [...places.values()].flat().filter((kind) => kind.startsWith('Memcpy')).length,
    recordings: counts.recordings ?? 0,
    replays: counts.cudaGraphLaunch ?? 0,
    forbidden: Object.keys(counts).filter((name) => name.startsWith('forbidden')),
  }),
);
