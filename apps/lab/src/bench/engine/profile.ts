// Measures the time of each operation of a pass with onnxruntime's profiler.
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args: { readonly op_name?: string };
}

export interface OperationTime {
  readonly operation: string;
  /** Milliseconds of one run. */
  readonly milliseconds: number;
  readonly calls: number;
  /** Share of the time of all operations. */
  readonly share: number;
}

/** Times of the GPU's kernels if the trace contains them, otherwise the processor's time in each operation. */
function timesOf(events: readonly TraceEvent[]): { operation: string; microseconds: number }[] {
  // node&operation&kernel
  const kernels = events
    .filter(({ cat }) => cat === 'Api')
    .map(({ name, dur }) => ({ operation: name.split('&').slice(1).join(' '), microseconds: dur }));
  if (kernels.length > 0) return kernels;
  return events
    .filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'))
    .map(({ dur, args }) => ({ operation: args.op_name ?? '', microseconds: dur }));
}

/** Sums up the traces whose paths begin with `prefix`, over `runs` runs, and removes them; the most expensive operations first. */
export async function takeProfile(prefix: string, runs: number): Promise<OperationTime[]> {
  const files = (await readdir(dirname(prefix)))
    .filter((name) => name.startsWith(basename(prefix)))
    .map((name) => join(dirname(prefix), name));
  const traces = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file, 'utf8')) as TraceEvent[]));
  await Promise.all(files.map((file) => rm(file)));
  const sums = new Map<string, { microseconds: number; calls: number }>();
  for (const { operation, microseconds } of traces.flatMap(timesOf)) {
    const before = sums.get(operation) ?? { microseconds: 0, calls: 0 };
    sums.set(operation, { microseconds: before.microseconds + microseconds, calls: before.calls + 1 });
  }
  const total = [...sums.values()].reduce((sum, { microseconds }) => sum + microseconds, 0);
  return [...sums]
    .sort(([, a], [, b]) => b.microseconds - a.microseconds)
    .map(([operation, { microseconds, calls }]) => ({
      operation,
      milliseconds: Number((microseconds / 1000 / runs).toFixed(2)),
      calls: Math.round(calls / runs),
      share: Number((microseconds / total).toFixed(3)),
    }));
}
