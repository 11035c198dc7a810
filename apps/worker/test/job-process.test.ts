// The child process and what its parent makes of its ends.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createLogger, encodePng, failureOf, isPermanent, ProcessDiedError, runInChild, TaskError } from '@styleforge/worker';

const log = createLogger('silent');
const config = {
  model: 'none', prompts: ['a cat'], negative_prompt: '', width: 64, height: 64, steps: 1, guidance_scale: 1, sampler: 'ddim', seed: 1, num_images: 1,
};
const task = { kind: 'generate', compile: { device: 'cpu' }, modelDirectory: '/no/such/model', config } as const;
const children = () => spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' }).stdout
  .split('\n').filter((line) => line.includes('/worker/src/child/main.ts')).map((line) => Number.parseInt(line, 10));

describe('runInChild', () => {
  it('brings an error of the child over, with its name and message', async () => {
    const error = await runInChild(task, { signal: new AbortController().signal, log }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TaskError);
    expect((error as Error).message).toContain('/no/such/model');
    expect(children()).toEqual([]);
  });

  it('says so when the child is killed', async () => {
    const running = runInChild(task, { signal: new AbortController().signal, log }).catch((caught: unknown) => caught);
    while (children().length === 0) await sleep(5);
    for (const pid of children()) process.kill(pid, 'SIGKILL');
    const error = await running;
    expect(error).toBeInstanceOf(ProcessDiedError);
    expect((error as Error).message).toMatch(/SIGKILL/);
    expect(failureOf(error)).toMatchObject({ code: 'process_died', retryable: true });
  });

  it('kills the child at once when the job belongs to somebody else', async () => {
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

  it('shows what the caller can mend, and hides the rest', () => {
    expect(failureOf(named('TrainingInputError'))).toEqual({ code: 'invalid_input', message: 'say more images', retryable: false });
    const coded = new TaskError({ name: 'TrainingInputError', code: 'too_few_images', message: 'say more images' });
    expect(failureOf(coded)).toEqual({ code: 'too_few_images', message: 'say more images', retryable: false });
    expect(failureOf(named('NonFiniteLossError'))).toMatchObject({ code: 'training_diverged', retryable: false });
    expect(failureOf(named('TypeError'))).toMatchObject({ code: 'internal_error', retryable: true });
    expect(failureOf(named('TypeError')).message).not.toContain('images');
    expect(failureOf(new TaskError({ name: 'DeviceError', code: 'device_unavailable', message: 'in /usr/lib' }))).toMatchObject({ code: 'device_unavailable', retryable: true, message: expect.not.stringContaining('/usr') as string });
    expect([named('TrainingInputError'), named('TypeError')].map(isPermanent)).toEqual([true, false]);
  });
});

describe('encodePng', () => {
  it('keeps every pixel and carries the parameters as text', async () => {
    const rgb = Uint8Array.from({ length: 4 * 3 * 3 }, (_, index) => index * 7);
    const png = await encodePng({ width: 4, height: 3, rgb }, { prompt: 'café, 猫', seed: 3 });
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 4, height: 3, channels: 3 });
    expect(new Uint8Array(data)).toEqual(rgb);
    const { comments } = await sharp(png).metadata();
    expect(comments).toEqual([{ keyword: 'parameters', text: '{"prompt":"café, 猫","seed":3}' }]);
  });
});
