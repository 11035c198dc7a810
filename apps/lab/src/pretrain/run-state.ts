// What a pretraining run needs to continue exactly: weights, moments, moving average and step, saved as one folder.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { elementCount } from '@styleforge/autodiff';
import { type NamedArrays } from '@styleforge/runtime';
import { SafetensorsReader, writeSafetensors } from '@styleforge/weights';

export interface RunState {
  readonly buffers: Readonly<Record<string, NamedArrays>>;
}

export interface RunProgress {
  step: number;
  /** Optimizer updates made. */
  optimizerStep: number;
  /** Mean loss of each logged stretch of steps. */
  losses: { step: number; loss: number }[];
  seconds: number;
}

async function exists(path: string): Promise<boolean> {
  return readFile(join(path, 'progress.json')).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Writes beside the old state and swaps, so that an interruption leaves one of the two whole. */
export async function saveState(directory: string, { buffers }: RunState, progress: RunProgress): Promise<void> {
  const partial = `${directory}.partial`;
  const old = `${directory}.old`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const [name, values] of Object.entries(buffers)) {
    await writeSafetensors(
      join(partial, `${name}.safetensors`),
      values.specs.map((spec) => ({ ...spec, data: () => values.read(spec.name) })),
      { dtype: 'F32' },
    );
  }
  await writeFile(join(partial, 'progress.json'), `${JSON.stringify(progress)}\n`);
  await rm(old, { recursive: true, force: true });
  if (await exists(directory)) await rename(directory, old);
  await rename(partial, directory);
  await rm(old, { recursive: true, force: true });
}

/** Fills the buffers and returns the progress, or null where there is nothing to continue. */
export async function loadState(directory: string, { buffers }: RunState): Promise<RunProgress | null> {
  if (!(await exists(directory)) && (await exists(`${directory}.old`))) await rename(`${directory}.old`, directory);
  if (!(await exists(directory))) return null;
  for (const [name, values] of Object.entries(buffers)) {
    const reader = await SafetensorsReader.open(join(directory, `${name}.safetensors`));
    try {
      for (const { name: parameter, shape } of values.specs) {
        const stored = new Float32Array(elementCount(shape));
        await reader.readInto(parameter, stored);
        values.write(parameter, stored);
      }
    } finally {
      await reader.close();
    }
  }
  return JSON.parse(await readFile(join(directory, 'progress.json'), 'utf8')) as RunProgress;
}
