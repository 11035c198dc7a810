// Trainings that stop and continue from their checkpoints.
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { trainStyleForge, type StyleForgeConfig } from '@styleforge/styleforge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base, fingerprint, options, scratch, setUp, tearDown } from './trainer-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe('a training that continues', () => {
  it('resumes bit-identically from any step, with accumulation and random crops', async () => {
    const changes = { max_train_steps: 5, gradient_accumulation_steps: 2, checkpointing_steps: 1, lr_scheduler: 'cosine' as const };
    const whole = await trainStyleForge(options('whole', changes));
    for (const from of [1, 3]) {
      const resumed = await trainStyleForge(
        options(`resumed-${from}`, changes, { resumeFrom: join(scratch, 'whole', `checkpoint-${from}`) }),
      );
      expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
    }
  });

  it.each<[string, Partial<StyleForgeConfig['hyperparameters']>]>([
    [
      'captions, a rate of its own for the text encoder, and bfloat16 moments',
      { use_captions: true, text_encoder_learning_rate: 1e-5, adam_moments: 'bfloat16' },
    ],
    [
      'captions, a frozen text encoder, mirrored images, posterior means and offset noise',
      { use_captions: true, train_text_encoder: false, random_flip: true, crop: 'center', latent_sampling: 'mean', noise_offset: 0.1 },
    ],
  ])('trains differently with %s, and resumes bit-identically', async (name, changes) => {
    const more = { ...changes, max_train_steps: 4, checkpointing_steps: 2 };
    const directory = `with ${name}`;
    const whole = await trainStyleForge(options(directory, more));
    const resumed = await trainStyleForge(options(`${directory}, resumed`, more, { resumeFrom: join(scratch, directory, 'checkpoint-2') }));
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
  });

  it('is not resumed if the base model of this name has been replaced since it began', async () => {
    const changed = join(scratch, 'changed-base');
    await cp(base, changed, { recursive: true });
    const changes = { max_train_steps: 2, checkpointing_steps: 1 };
    await trainStyleForge(options('began', changes, { baseModelDirectory: changed }));
    const resumeFrom = join(scratch, 'began', 'checkpoint-1');
    const again = () => trainStyleForge(options('went-on', changes, { baseModelDirectory: changed, resumeFrom }));
    await writeFile(join(changed, 'README.md'), '# its card has changed');
    await expect(again()).resolves.toMatchObject({ finalStep: 2 });
    const config = join(changed, 'vae', 'config.json');
    await writeFile(config, JSON.stringify({ ...JSON.parse(await readFile(config, 'utf8')), scaling_factor: 0.5 }));
    await expect(again()).rejects.toMatchObject({ name: 'TrainingInputError', code: 'unsupported_base_model' });
  });

  it('continues a finished run that is given more steps', async () => {
    const short = await trainStyleForge(options('short', { max_train_steps: 2 }));
    const longer = await trainStyleForge(options('longer', { max_train_steps: 4 }, { resumeFrom: short.directory }));
    const straight = await trainStyleForge(options('straight', { max_train_steps: 4 }));
    const weights = '/unet/diffusion_pytorch_model.safetensors';
    expect((await fingerprint(longer.directory))[weights]).toBe((await fingerprint(straight.directory))[weights]);
  });

  it('saves a checkpoint before it stops when it is cancelled, and throws the reason', async () => {
    const controller = new AbortController();
    const saved: number[] = [];
    const run = trainStyleForge(
      options(
        'cancelled',
        { max_train_steps: 50 },
        {
          signal: controller.signal,
          onProgress: ({ step }) => {
            if (step === 3) controller.abort();
          },
          onCheckpoint: ({ step }) => void saved.push(step),
        },
      ),
    );
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(saved).toEqual([3]);
  });
});
