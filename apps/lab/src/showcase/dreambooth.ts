// Runs DreamBooth of diffusers on the same images, prompts and settings, with a Python that has torch and diffusers.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TrainingJobBody } from '@styleforge/contracts';

const script = fileURLToPath(new URL('dreambooth.py', import.meta.url));

export interface DreamBoothRun {
  readonly baseModelDirectory: string;
  readonly styleDirectory: string;
  /** Job whose prompt and hyperparameters are used. */
  readonly job: TrainingJobBody;
  readonly prompts: readonly string[];
  readonly seed: number;
  /** Size and sampling settings of the service's images. */
  readonly sampling: { steps: number; guidance_scale: number };
  readonly directory: string;
}

/** PNGs in the order of the prompts. Throws with Python's output if it fails. */
export async function trainDreamBooth(python: string, run: DreamBoothRun): Promise<Buffer[]> {
  const { baseModelDirectory, styleDirectory, job, prompts, seed, sampling, directory } = run;
  await mkdir(directory, { recursive: true });
  const { hyperparameters, style_ref } = job.config;
  const settings = {
    base_model: baseModelDirectory,
    images: styleDirectory,
    prompt: style_ref.components[0]?.prompt,
    hyperparameters,
    sampling,
    prompts,
    seed,
  };
  const file = join(directory, 'settings.json');
  await writeFile(file, JSON.stringify(settings, null, 2));
  console.log("Training diffusers' DreamBooth on the same images ...");
  await promisify(execFile)(python, [script, file, directory], { maxBuffer: 64 * 2 ** 20 });
  const images = (await readdir(directory)).filter((name) => name.endsWith('.png')).sort();
  return Promise.all(images.map((name) => readFile(join(directory, name))));
}
