// A checkpoint of the release 0.1.0 under the present trainer: a training from the beginning arrives at it, and it resumes exactly.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { METHOD_HYPERPARAMETERS, type TrainingConfig } from '@styleforge/contracts';
import { trainStyleForge, type TrainStyleForgeOptions } from '@styleforge/styleforge';
import { SafetensorsReader } from '@styleforge/weights';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fingerprint } from './tiny-training.ts';

/** What test/golden/make-upgrade.ts packed, as far as it is read here. */
interface Release {
  jobs: { running: string };
  database: Record<string, string[]>;
  files: Record<string, number>;
  contents: string[];
}

const NETWORKS = ['unet/diffusion_pytorch_model', 'text_encoder/model'].map((name) => `${name}.safetensors`);
const SAVED_STEP = 12;

let directory: string;
let release: Release;
let config: TrainingConfig;
let checkpoint: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-old-checkpoint-'));
  const packed = await readFile(new URL('../../../test/golden/upgrade-0.1.0.json.gz', import.meta.url));
  release = JSON.parse(gunzipSync(packed).toString()) as Release;
  for (const [path, at] of Object.entries(release.files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), Buffer.from(release.contents[at], 'base64'));
  }
  ({ config } = rowsOf<{ id: string; config: TrainingConfig }>('training_jobs').find(({ id }) => id === release.jobs.running)!);
  const manifest = Object.keys(release.files).find((path) => path.includes(release.jobs.running) && path.endsWith('/manifest.json'))!;
  checkpoint = join(directory, dirname(manifest));
  await rm(join(checkpoint, 'manifest.json'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const rowsOf = <Row>(table: string): Row[] => release.database[table].map((row) => JSON.parse(row) as Row);

function imagesOf(dataset: string | null): { path: string }[] {
  const paths = Object.keys(release.files).filter((path) => path.includes(`/datasets/${dataset}/`));
  return paths.sort().map((path) => ({ path: join(directory, path) }));
}

/** The job's training as its worker ran it. */
function options(name: string, steps: number, more: Partial<TrainStyleForgeOptions> = {}): TrainStyleForgeOptions {
  const { style_ref, aux, hyperparameters } = config;
  const [{ prompt }] = style_ref.components;
  return {
    baseModelDirectory: join(directory, 'models', 'tiny'),
    workDirectory: join(directory, name),
    styleRef: [{ component: 'all', prompt, images: imagesOf(style_ref.dataset_id) }],
    aux: { prompt: aux!.prompt, images: imagesOf(aux!.dataset_id) },
    config: {
      aux: { weight: aux!.weight },
      hyperparameters: { ...METHOD_HYPERPARAMETERS, ...hyperparameters, max_train_steps: steps, checkpointing_steps: null },
    },
    ...more,
  };
}

/** The weights that train; the base model's text encoder has the newer of its two forms of names. */
async function networksOf(folder: string): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const file of NETWORKS) {
    const reader = await SafetensorsReader.open(join(folder, file));
    for (const name of reader.names()) values.set(`${file} ${name.replace('text_model.', '')}`, await reader.read(name));
    await reader.close();
  }
  return values;
}

function distance(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  let sum = 0;
  for (const [name, values] of a) values.forEach((value, i) => (sum += (value - b.get(name)![i]) ** 2));
  return Math.sqrt(sum);
}

it('equals the result of the current trainer on the same base model and images: losses, gradient norms, weights', async () => {
  const made: { loss: number; gradNorm: number }[] = [];
  const { directory: own } = await trainStyleForge(options('again', SAVED_STEP, { onProgress: (progress) => void made.push(progress) }));
  const recorded = rowsOf<{ job_id: string; step: number; loss: number; grad_norm: number }>('job_metrics')
    .filter(({ job_id }) => job_id === release.jobs.running)
    .sort((a, b) => a.step - b.step);
  expect(recorded.map(({ step }) => step)).toEqual(made.map((_, i) => i + 1));
  // Processors round differently, and every step builds on the one before.
  const differences = recorded.flatMap(({ loss, grad_norm }, i) => [made[i].loss / loss - 1, made[i].gradNorm / grad_norm - 1]);
  expect(Math.max(...differences.map(Math.abs))).toBeLessThan(1e-3);
  const [base, before, now] = [await networksOf(join(directory, 'models', 'tiny')), await networksOf(checkpoint), await networksOf(own)];
  expect([...now.keys()]).toEqual([...before.keys()]);
  expect(distance(before, now) / distance(before, base)).toBeLessThan(1e-2);
});

it('resumes to the same bits, however often the training is interrupted', async () => {
  const straight = await trainStyleForge(options('straight', SAVED_STEP + 2, { resumeFrom: checkpoint }));
  const first = await trainStyleForge(options('first', SAVED_STEP + 1, { resumeFrom: checkpoint }));
  const second = await trainStyleForge(options('second', SAVED_STEP + 2, { resumeFrom: first.directory }));
  const files = await fingerprint(straight.directory);
  expect(Object.keys(files).filter((path) => path.startsWith('trainer_state/')).length).toBe(3);
  expect(await fingerprint(second.directory)).toEqual(files);
});
