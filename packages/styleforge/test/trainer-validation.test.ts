// Validation and early stopping of a training, and its class images.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateImages, makeClassImages, trainStyleForge } from '@styleforge/styleforge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base, fingerprint, hyperparameters, options, scratch, setUp, tearDown } from './trainer-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe('a training with validation', () => {
  it('validates with the current weights, and does not change the training', async () => {
    const validation = {
      prompts: ['a photo of zwx style', 'a house'],
      every_steps: 2,
      num_images: 1,
      sampler: 'ddim' as const,
      steps: 2,
      guidance_scale: 2,
      negative_prompt: '',
      seed: 5,
    };
    const config = { hyperparameters: { ...hyperparameters, max_train_steps: 3 }, aux: { weight: 1 }, validation };
    const seen = new Map<number, Uint8Array[]>();
    const watched = await trainStyleForge(
      options(
        'validated',
        {},
        {
          config,
          onValidation: async ({ step, images: made }) => {
            seen.set(step, []);
            for await (const { rgb } of made) seen.get(step)?.push(rgb);
          },
        },
      ),
    );
    expect([...seen.keys()]).toEqual([0, 2, 3]);
    const later: Uint8Array[] = [];
    await generateImages({
      modelDirectory: watched.directory,
      prompts: validation.prompts,
      steps: 2,
      guidanceScale: 2,
      sampler: 'ddim' as const,
      seed: 5,
      width: 32,
      height: 32,
      onImage: ({ rgb }) => void later.push(rgb),
    });
    expect(seen.get(3)).toEqual(later);
    expect(seen.get(0)).not.toEqual(later);
    const unwatched = await trainStyleForge(options('not-validated', { max_train_steps: 3 }));
    const weights = '/unet/diffusion_pytorch_model.safetensors';
    expect((await fingerprint(watched.directory))[weights]).toBe((await fingerprint(unwatched.directory))[weights]);
  });

  it('ends when validations no longer improve, keeps the best step as a complete model, and resumes to the same end', async () => {
    const validation = {
      prompts: ['a house'],
      every_steps: 1,
      num_images: 1,
      sampler: 'ddim' as const,
      steps: 1,
      guidance_scale: 1,
      negative_prompt: '',
      seed: 5,
    };
    const config = {
      hyperparameters: { ...hyperparameters, max_train_steps: 9 },
      aux: { weight: 1 },
      validation,
      early_stopping: { metric: 'kid' as const, patience: 2, min_steps: 0 },
    };
    // As a distance that falls until step 2 and rises from there on.
    const run = async (name: string, resumeFrom?: string) => {
      const [asked, saved]: [number[], number[]] = [[], []];
      const result = await trainStyleForge(
        options(
          name,
          {},
          {
            config,
            ...(resumeFrom && { resumeFrom }),
            onCheckpoint: ({ step }) => void saved.push(step),
            onValidation: async ({ step, images: made }) => {
              for await (const { rgb } of made) expect(rgb).toHaveLength(32 * 32 * 3);
              asked.push(step);
              return { score: step === 0 ? 0 : (step - 2) ** 2 };
            },
          },
        ),
      );
      return { ...result, asked, saved };
    };
    const whole = await run('stopped');
    expect(whole).toMatchObject({ finalStep: 4, best: { step: 2, value: 0 }, asked: [0, 1, 2, 3, 4], saved: [1, 2, 4] });
    expect(await readdir(join(scratch, 'stopped', 'checkpoint-2'))).toContain('single-file');
    const resumed = await run('stopped-resumed', join(scratch, 'stopped', 'checkpoint-2'));
    expect(resumed).toMatchObject({ finalStep: 4, best: { step: 2, value: 0 }, asked: [3, 4] });
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
  });

  it('generates missing class images once, always with the same result', async () => {
    const made: number[] = [];
    const make = (directory: string, count: number) =>
      makeClassImages({
        modelDirectory: base,
        directory: join(scratch, directory),
        prompt: 'a photo of style',
        count,
        steps: 2,
        guidanceScale: 2,
        sampler: 'ddim' as const,
        seed: 9,
        width: 32,
        height: 32,
        onImage: ({ index }) => void made.push(index),
      });
    await make('class', 2);
    const grown = await make('class', 3);
    expect(made).toEqual([0, 1, 2]);
    const whole = await make('class-again', 3);
    for (const [i, path] of whole.entries()) expect(await readFile(path)).toEqual(await readFile(grown[i]));
    await trainStyleForge(
      options('prior', { max_train_steps: 1 }, { aux: { prompt: 'a photo of style', images: grown.map((path) => ({ path })) } }),
    );
  });
});
