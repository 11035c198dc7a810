// Runs one of the project's benchmarks and the same work in torch in separate processes, and prints the ratio; on a GPU also for bfloat16.
import { conditionShapes } from '@styleforge/diffusion';
import { loadConfig } from '@styleforge/config';
import { typeScript } from '@styleforge/launch';
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type DeviceName, deviceOf } from '@styleforge/runtime';
import { CallError } from '../../options.ts';
import { type Geometry, modelOfGeometry } from './geometries.ts';
import { BENCH_LORA, type BenchMethod } from './train-step.ts';

const script = fileURLToPath(new URL('torch-reference.py', import.meta.url));

export interface Comparison {
  /** Library to compare with; only `torch`. */
  readonly library: string;
  readonly mode: 'train' | 'sample';
  /** Weights that are trained. Default: all. */
  readonly method?: BenchMethod;
  readonly geometry: Geometry;
  readonly steps: number;
  readonly threads?: number;
  /** Device of the project's benchmark; torch uses CUDA unless this is the processor. */
  readonly device: DeviceName;
  /** On the processor: compare with torch.compile and fused AdamW as well. Default: true. */
  readonly compiles?: boolean;
  /** A Python with torch, diffusers and transformers. Default: METRICS_PYTHON. */
  readonly python?: string;
}

interface Result {
  readonly median_seconds: number;
  readonly peak_gib: number;
  readonly device_gib?: number;
}

/** Prints the lines of the process, and returns the values of the last one. */
function lastLineOf(command: string, args: readonly string[], input = ''): Promise<Result> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    printed += chunk.toString();
  });
  child.stdin.end(input);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => {
      if (code !== 0) return fail(new Error(`${command} ended by ${signal ?? `exit code ${code}`}`));
      done(JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Result);
    });
  });
}

/** Precisions of torch, and whether it compiles (torch.compile) and uses the fused AdamW; on a card, all common combinations. */
interface TorchWay {
  readonly precision: 'no' | 'bf16';
  readonly tf32: boolean;
  readonly compiles: boolean;
}

function waysOfTorch(device: DeviceName, compiles: boolean): readonly TorchWay[] {
  const plain = { precision: 'no', tf32: false, compiles: false } as const;
  if (!deviceOf(device).precisions.float16Products) return compiles ? [plain, { ...plain, compiles }] : [plain];
  return [
    { ...plain, tf32: true },
    { precision: 'bf16', tf32: true, compiles: false },
    { precision: 'bf16', tf32: true, compiles: true },
  ];
}

/** Geometry as the script reads it; conditions by name, in the shape that text encoders produce for one prompt. */
function taskOf(geometry: Geometry): object {
  const { configs, ...others } = geometry;
  return {
    ...others,
    unet: configs.unet,
    textEncoder: configs.text_encoder,
    lora: BENCH_LORA,
    conditions: conditionShapes(modelOfGeometry(geometry)),
  };
}

/** `ownArguments`: arguments of the project's benchmark, without --compare. */
export async function compareWithTorch(
  ownArguments: readonly string[],
  {
    library,
    mode,
    method = 'full',
    geometry,
    steps,
    threads,
    device,
    compiles = true,
    python = loadConfig().extractors.python,
  }: Comparison,
): Promise<void> {
  if (library !== 'torch') throw new CallError(`--compare ${library}: torch is what can be compared with`);
  const ours = await lastLineOf(process.execPath, [...typeScript(process.argv[1] ?? ''), mode, ...ownArguments]);
  if (!python) {
    console.log(
      JSON.stringify({ note: 'set METRICS_PYTHON or --python to a Python that has torch, diffusers and transformers to compare with it' }),
    );
    return;
  }
  for (const way of waysOfTorch(device, compiles)) {
    const theirs = await lastLineOf(
      python,
      [script],
      JSON.stringify({ ...taskOf(geometry), ...way, mode, method, steps, device, threads: threads ?? availableParallelism() }),
    );
    const [ourMemory, theirMemory] = [ours.device_gib ?? ours.peak_gib, theirs.peak_gib];
    console.log(
      JSON.stringify({
        against: 'torch',
        torch_precision: way.precision,
        torch_compiles: way.compiles,
        times_faster: Number((theirs.median_seconds / ours.median_seconds).toFixed(2)),
        memory_share: Number((ourMemory / theirMemory).toFixed(2)),
      }),
    );
  }
}
