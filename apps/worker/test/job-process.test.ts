// The child process and what its parent makes of its ends.
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { baseModelProfile, createTrainingJobRequest, resolveTrainingConfig } from '@styleforge/contracts';
import {
  createLogger,
  encodePng,
  failureOf,
  imageTexts,
  isPermanent,
  ProcessDiedError,
  runInChild,
  type Task,
  TaskError,
} from '@styleforge/worker';
import { childPids } from './child-pids.ts';

const log = createLogger('silent');
const resolved = resolveTrainingConfig(
  createTrainingJobRequest.parse({
    method: 'single-styleforge',
    base_model: 'none',
    style_ref: { dataset_id: 'ds_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70' },
  }),
  baseModelProfile.parse({}),
);
const task: Task = {
  kind: 'train',
  compile: { device: 'cpu' },
  replicas: [],
  baseModelDirectory: '/no/such/model',
  config: resolved.ok && resolved.config,
  styleRef: [],
  aux: null,
  reference: [],
  extractorsDirectory: '',
  workDirectory: '',
  savesMemory: false,
  classImagesDirectory: '',
};
const children = () => childPids('/worker/src/child/main.ts');

describe('runInChild', () => {
  it('passes on an error of the child, with its name and message', async () => {
    const error = await runInChild(task, { signal: new AbortController().signal, log }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TaskError);
    expect((error as Error).message).toContain('/no/such/model');
    expect(children()).toEqual([]);
  });

  it('reports that the child was killed', async () => {
    const running = runInChild(task, { signal: new AbortController().signal, log }).catch((caught: unknown) => caught);
    while (children().length === 0) await sleep(5);
    for (const pid of children()) process.kill(pid, 'SIGKILL');
    const error = await running;
    expect(error).toBeInstanceOf(ProcessDiedError);
    expect((error as Error).message).toMatch(/SIGKILL/);
    expect(failureOf(error)).toMatchObject({ code: 'process_died', retryable: true });
  });

  it('fails if the child cannot read its task', async () => {
    const error = await runInChild({ ...task, styleRef: 'everything' } as unknown as Task, {
      signal: new AbortController().signal,
      log,
    }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProcessDiedError);
    expect((error as Error).message).toMatch(/exit code 1 without a result/);
  });

  it('kills the child immediately if the job belongs to another worker', async () => {
    const controller = new AbortController();
    const running = runInChild(task, { signal: controller.signal, log });
    while (children().length === 0) await sleep(5);
    controller.abort('lock-lost');
    expect(await running).toBe('aborted');
    expect(children()).toEqual([]);
  });
});

describe('failureOf', () => {
  const named = (name: string) => new TaskError({ name, message: 'say more images' });

  it('shows what the caller can repair, and hides the rest', () => {
    expect(failureOf(named('TrainingInputError'))).toEqual({ code: 'invalid_input', message: 'say more images', retryable: false });
    const coded = new TaskError({ name: 'TrainingInputError', code: 'too_few_images', message: 'say more images' });
    expect(failureOf(coded)).toEqual({ code: 'too_few_images', message: 'say more images', retryable: false });
    expect(failureOf(named('NonFiniteLossError'))).toMatchObject({ code: 'training_diverged', retryable: false });
    expect(failureOf(named('TypeError'))).toMatchObject({ code: 'internal_error', retryable: true });
    expect(failureOf(named('TypeError')).message).not.toContain('images');
    expect(failureOf(new TaskError({ name: 'DeviceError', code: 'device_unavailable', message: 'in /usr/lib' }))).toMatchObject({
      code: 'device_unavailable',
      retryable: true,
      message: expect.not.stringContaining('/usr') as string,
    });
    const full = {
      code: 'storage_full',
      retryable: true,
      message: expect.stringMatching(/disk of the service is full.*resume/i) as string,
    };
    for (const code of ['ENOSPC', 'EDQUOT'])
      expect(failureOf(new TaskError({ name: 'Error', code, message: `${code}: write '/var/lib/x'` }))).toEqual(full);
    expect([named('TrainingInputError'), named('TypeError')].map(isPermanent)).toEqual([true, false]);
  });
});

describe('encodePng', () => {
  const parameters = {
    prompt: 'a cat, zwx style',
    negative_prompt: 'blurry',
    seed: 3,
    steps: 20,
    guidance_scale: 7.5,
    sampler: 'dpmsolver++karras',
    width: 4,
    height: 3,
    model: 'tiny',
  } as const;
  const rgb = Uint8Array.from({ length: 4 * 3 * 3 }, (_, index) => index * 7);
  const commentsOf = async (changes: object) => {
    const { comments = [] } = await sharp(
      await encodePng({ width: 4, height: 3, rgb }, imageTexts({ ...parameters, ...changes })),
    ).metadata();
    return Object.fromEntries(comments.map(({ keyword, text }) => [keyword, text]));
  };

  it('keeps every pixel', async () => {
    const { data, info } = await sharp(await encodePng({ width: 4, height: 3, rgb }, imageTexts(parameters)))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 4, height: 3, channels: 3 });
    expect(new Uint8Array(data)).toEqual(rgb);
  });

  it("contains its parameters as AUTOMATIC1111's web UI writes them, and as JSON", async () => {
    expect(await commentsOf({})).toEqual({
      parameters:
        'a cat, zwx style\nNegative prompt: blurry\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 3, ' +
        'Size: 4x3, Model: tiny, Version: StyleForge',
      styleforge: JSON.stringify(parameters),
    });
    for (const none of [null, ''])
      expect((await commentsOf({ negative_prompt: none }))['parameters']).toMatch(/^a cat, zwx style\nSteps: 20, /);
  });

  it.each(['café', '猫と犬', 'a 🐈'])('preserves the letters of %s', async (prompt) => {
    const { parameters: text, styleforge } = await commentsOf({ prompt });
    expect(text?.split('\n')[0]).toBe(prompt);
    expect(JSON.parse(styleforge ?? '')).toEqual({ ...parameters, prompt });
  });
});
