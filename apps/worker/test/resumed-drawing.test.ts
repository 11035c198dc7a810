// An evaluation that continues after a worker died: the images that were missing have the bytes of an undisturbed run.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, runInChild, type Task } from '@styleforge/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';

const COUNT = 10;
const log = createLogger('silent');
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-resumed-'));
  await makeTinyBaseModel(join(directory, 'tiny'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function drawTask(made: number[], changes: object = {}): Task {
  return {
    kind: 'draw',
    compile: { device: 'cpu' },
    modelDirectory: join(directory, 'tiny'),
    extractorsDirectory: directory,
    model: 0,
    made,
    config: {
      prompts: Array.from({ length: COUNT / 2 }, (_, index) => `image ${index}`),
      prompt_set: null,
      prompts_sha256: '',
      num_images: 2,
      reference_dataset_id: null,
      metrics: [],
      extractor: 'mini-clip',
      clip_extractor: 'mini-clip',
      width: 64,
      height: 64,
      steps: 3,
      guidance_scale: 2,
      sampler: 'ddim',
      negative_prompt: '',
      seed: 2 ** 32 - 3,
      models: [
        {
          name: 'tiny',
          label: 'tiny',
          base_model: 'tiny',
          training_job_id: null,
          checkpoint_id: null,
          step: null,
          adapter: null,
          prompt_prefix: '',
          tokens: [],
        },
      ],
      ...changes,
    },
  };
}

async function draw(made: number[]): Promise<Map<number, string>> {
  const images = new Map<number, string>();
  const onDrawnImage = async ({ index, rgb, prompt, seed }: { index: number; rgb: Uint8Array; prompt: string; seed: number }) =>
    void images.set(index, `${prompt} ${seed} ${Buffer.from(rgb).toString('base64')}`);
  await runInChild(drawTask(made), { signal: new AbortController().signal, log, onDrawnImage });
  return images;
}

it('generates the missing images in the same batches as before', async () => {
  const whole = await draw([]);
  expect([...whole.keys()]).toEqual(Array.from({ length: COUNT }, (_, index) => index));
  for (const made of [[0, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7], [8]]) {
    const rest = await draw(made);
    expect(rest).toEqual(new Map([...whole].filter(([index]) => !made.includes(index))));
  }
  expect(await draw([...whole.keys()])).toEqual(new Map());
}, 120_000);

it('stops between two steps of a batch', async () => {
  const controller = new AbortController();
  const task = drawTask([], { steps: 1000, sampler: 'euler' });
  setTimeout(() => controller.abort('cancelled'), 4_000);
  const onDrawnImage = async () => expect.unreachable('a batch of a thousand steps was drawn to its end');
  expect(await runInChild(task, { signal: controller.signal, log, onDrawnImage })).toBe('aborted');
}, 120_000);
