// A training that is killed with SIGKILL again and again ends with the very same bits as one that is left alone.
import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { trainStyleForge, type TrainStyleForgeOptions } from '@styleforge/styleforge';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';

const STEPS = 8;
const KILLS = 3;

async function prepare(scratch: string): Promise<TrainStyleForgeOptions> {
  await makeTinyBaseModel(join(scratch, 'base'));
  const images = await Promise.all(Array.from({ length: 3 }, async (_, i) => {
    const path = join(scratch, `${i}.png`);
    const pixels = Uint8Array.from({ length: 40 * 32 * 3 }, (__, at) => (at * (3 + i)) % 256);
    await sharp(pixels, { raw: { width: 40, height: 32, channels: 3 } }).png().toFile(path);
    return { path, caption: `number ${i}` };
  }));
  const hyperparameters = {
    max_train_steps: STEPS, learning_rate: 1e-3, lr_scheduler: 'cosine', lr_warmup_steps: 2, train_batch_size: 1, gradient_accumulation_steps: 2,
    max_grad_norm: 1, adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8, adam_weight_decay: 1e-2, snr_gamma: 5, resolution: 32,
    crop: 'random', seed: 1337, random_flip: true, use_captions: true, latent_sampling: 'sample', noise_offset: 0.05, train_text_encoder: true,
    text_encoder_learning_rate: 1e-4, adam_moments: 'float32', gradient_checkpointing: true, ema: true, checkpointing_steps: 1,
  } as const;
  return {
    baseModelDirectory: join(scratch, 'base'), workDirectory: join(scratch, 'killed'), config: { hyperparameters, aux: { weight: 1 } },
    styleRef: [{ component: 'all', token: 'zwx', prompt: 'a photo of zwx style', images }], aux: { prompt: 'a photo of style', images },
  };
}

async function lastCheckpoint(workDirectory: string): Promise<number> {
  const steps = (await readdir(workDirectory)).map((name) => Number(/^checkpoint-(\d+)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...steps);
}

/** One life of the process: to the end, or until `delay` ms after it has told of `step`. Resolves with how it ended. */
async function live(options: TrainStyleForgeOptions, kill?: { step: number; delay: number }): Promise<string> {
  const from = await lastCheckpoint(options.workDirectory);
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), fileURLToPath(new URL('train-child.ts', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  child.stdin.end(JSON.stringify({ ...options, ...(from > 0 && { resumeFrom: join(options.workDirectory, `checkpoint-${from}`) }) }));
  createInterface(child.stdout).on('line', (line) => {
    if (kill && Number(line) === kill.step) void sleep(kill.delay).then(() => child.kill('SIGKILL'));
  });
  const [code, signal] = (await exited) as [number | null, string | null];
  return signal ?? `exit code ${code}`;
}

async function fingerprint(directory: string): Promise<[string, string][]> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Promise.all(paths.map(async (path) => [path.slice(directory.length), createHash('sha256').update(await readFile(path)).digest('hex')] as [string, string]));
}

it(`ends bit-identical after ${KILLS} kills at random moments`, async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'styleforge-killed-'));
  try {
    const options = await prepare(scratch);
    await mkdir(options.workDirectory);
    const whole = await trainStyleForge({ ...options, workDirectory: join(scratch, 'whole') });
    const kills: object[] = [];
    for (let i = 0; i < KILLS; i++) {
      const done = await lastCheckpoint(options.workDirectory);
      // The moments reach into the writing of the next checkpoint.
      const kill = { step: Math.min(STEPS - 1, done + randomInt(1, 4)), delay: randomInt(0, 60) };
      kills.push({ ...kill, ended: await live(options, kill) });
    }
    expect(kills).toContainEqual(expect.objectContaining({ ended: 'SIGKILL' }));
    const end = await live(options);
    expect(end, JSON.stringify(kills)).toBe('exit code 0');
    expect(await fingerprint(join(options.workDirectory, `checkpoint-${STEPS}`)), JSON.stringify(kills)).toEqual(await fingerprint(whole.directory));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
});
