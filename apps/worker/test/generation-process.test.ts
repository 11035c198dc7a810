// The process that generates images, with a real model: what stays loaded, who waits for whom, and what a death costs.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@styleforge/config';
import type { GenerationDetail } from '@styleforge/database';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createObjectStore, type ObjectStore } from '@styleforge/storage';
import { SafetensorsReader, writeSafetensors } from '@styleforge/weights';
import {
  createLogger,
  GenerationProcess,
  ModelCache,
  type ModelCacheLimits,
  ProcessDiedError,
  type WorkerServices,
} from '@styleforge/worker';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { childPids } from './child-pids.ts';

const patience = 300_000;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-generation-'));
  await makeTinyBaseModel(join(directory, 'tiny'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const copyOf = async (name: string) => {
  await cp(join(directory, 'tiny'), join(directory, name), { recursive: true });
  return join(directory, name);
};
const taskFor = (modelDirectory: string, changes: object = {}, made: number[] = []) => ({
  modelDirectory,
  compile: { device: 'cpu' as const },
  startingImage: null,
  made,
  config: {
    model: 'tiny',
    prompts: ['a cat'],
    negative_prompt: '',
    width: 32,
    height: 32,
    steps: 2,
    guidance_scale: 2,
    sampler: 'ddim',
    seed: 1,
    num_images: 1,
    adapters: [],
    ...{ style_guidance: null, image: null, strength: null, grid: null, format: 'png', quality: null, scoring: null },
    text_guidance: null,
    ...changes,
  },
});
const neverAborted = new AbortController().signal;

function generatorPid(): number {
  const pids = childPids('/child/generate-main.ts');
  expect(pids).toHaveLength(1);
  return pids[0] ?? Number.NaN;
}

function onUnreadable(error: Error): never {
  throw error;
}

describe('the generation process', () => {
  const loaded: string[] = [];
  const generator = new GenerationProcess({
    onLoaded: ({ modelDirectory, weightBytes }) => {
      expect(weightBytes).toBeGreaterThan(10_000);
      loaded.push(modelDirectory);
    },
    onUnreadable,
  });
  afterAll(() => generator.close());

  async function draw(task: ReturnType<typeof taskFor>, signal = neverAborted) {
    const images: { index: number; seed: number; rgb: Uint8Array }[] = [];
    const result = await generator.generate(task, { signal, onImage: async (image) => void images.push(image) });
    return { result, images };
  }

  it(
    'generates with the model that is in the folder now, and not with the one that was there before',
    async () => {
      const model = await copyOf('replaced');
      const first = await draw(taskFor(model));
      const file = join(model, 'unet', 'diffusion_pytorch_model.safetensors');
      const reader = await SafetensorsReader.open(file);
      const entries = [];
      for (const name of reader.names())
        entries.push({ name, shape: reader.info(name).shape, data: (await reader.read(name)).map((value) => value / 2) });
      await reader.close();
      await writeSafetensors(file, entries);
      const second = await draw(taskFor(model));
      expect(Buffer.compare(first.images[0]!.rgb, second.images[0]!.rgb)).not.toBe(0);
      expect((await draw(taskFor(model))).images[0]!.rgb).toEqual(second.images[0]!.rgb);
      expect(loaded.splice(0)).toEqual([model, model]);
    },
    patience,
  );

  it(
    'loads nothing for the second request, not even from the disk',
    async () => {
      const model = await copyOf('removed-soon');
      const first = await draw(taskFor(model));
      expect(first.result).toBe('done');
      await rm(model, { recursive: true });
      const second = await draw(taskFor(model));
      expect(second.images.map(({ rgb }) => Buffer.from(rgb))).toEqual(first.images.map(({ rgb }) => Buffer.from(rgb)));
      expect(loaded).toEqual([model]);
      generator.forget(model);
      await expect(draw(taskFor(model))).rejects.toThrow(/removed-soon/);
    },
    patience,
  );

  it(
    'generates the missing images of an earlier try exactly as that try would have',
    async () => {
      const request = { prompts: Array.from({ length: 10 }, (_, index) => `picture ${index}`) };
      const whole = await draw(taskFor(join(directory, 'tiny'), request));
      expect(whole.images.map(({ index, seed }) => [index, seed])).toEqual(Array.from({ length: 10 }, (_, index) => [index, 1 + index]));
      // The second try begins between two batches, in the middle of one, and with some images of each.
      for (const made of [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [0, 1, 2, 3, 4],
        [1, 3, 9],
      ]) {
        const rest = await draw(taskFor(join(directory, 'tiny'), request, made));
        expect(rest.images.map(({ index, rgb }) => [index, Buffer.from(rgb)])).toEqual(
          whole.images.filter(({ index }) => !made.includes(index)).map(({ index, rgb }) => [index, Buffer.from(rgb)]),
        );
      }
    },
    patience,
  );

  it(
    'finishes the batch of a generation that is stopped at its first image, and generates no more',
    async () => {
      const controller = new AbortController();
      const indexes: number[] = [];
      const result = await generator.generate(
        taskFor(join(directory, 'tiny'), { prompts: Array.from({ length: 10 }, (_, index) => `picture ${index}`) }),
        {
          signal: controller.signal,
          onImage: async ({ index }) => {
            controller.abort();
            indexes.push(index);
          },
        },
      );
      expect([result, indexes]).toEqual(['aborted', [0, 1, 2, 3, 4, 5, 6, 7]]);
    },
    patience,
  );

  it(
    'lets a short generation overtake a long one, and stops only the one that it is told to stop',
    async () => {
      const controller = new AbortController();
      const ends: string[] = [];
      const long = draw(
        taskFor(join(directory, 'tiny'), { prompts: Array.from({ length: 100 }, () => 'a dog'), num_images: 2, steps: 10 }),
        controller.signal,
      );
      void long.then(() => ends.push('long'));
      const short = await draw(taskFor(join(directory, 'tiny')));
      expect([short.result, ends]).toEqual(['done', []]);
      controller.abort();
      const { result, images } = await long;
      expect(result).toBe('aborted');
      expect(images.length).toBeLessThan(200);
      expect((await draw(taskFor(join(directory, 'tiny')))).result).toBe('done');
    },
    patience,
  );

  it(
    'lets a short generation overtake in the middle of a batch, and can stop a batch between two steps',
    async () => {
      const controller = new AbortController();
      const ends: string[] = [];
      // One batch with enough steps to outlast this test.
      const batch = taskFor(join(directory, 'tiny'), { prompts: Array.from({ length: 8 }, () => 'a dog'), steps: 1000, sampler: 'euler' });
      const long = draw(batch, controller.signal);
      void long.then(() => ends.push('long'));
      for (let i = 0; i < 2; i++) expect((await draw(taskFor(join(directory, 'tiny')))).result).toBe('done');
      expect(ends).toEqual([]);
      controller.abort();
      expect(await long).toEqual({ result: 'aborted', images: [] });
    },
    patience,
  );

  it(
    'generates the same bytes, whatever other generations compute between its steps',
    async () => {
      const request = { prompts: Array.from({ length: 5 }, (_, index) => `image ${index}`), steps: 6 };
      const alone = await draw(taskFor(join(directory, 'tiny'), request));
      // More shapes at a time than a model keeps compiled.
      const sizes = [32, 48, 64, 80, 96, 112];
      const together = await Promise.all([
        draw(taskFor(join(directory, 'tiny'), request)),
        ...sizes.map((width) => draw(taskFor(join(directory, 'tiny'), { width, steps: 4 }))),
      ]);
      expect(together[0].images.map(({ rgb }) => Buffer.from(rgb))).toEqual(alone.images.map(({ rgb }) => Buffer.from(rgb)));
      expect(together.map(({ result }) => result)).toEqual(Array(7).fill('done'));
    },
    patience,
  );

  it(
    'fails the current generation when it is killed, and starts again for the next',
    async () => {
      const running = draw(taskFor(join(directory, 'tiny'), { steps: 1000 })).catch((error: unknown) => error);
      process.kill(generatorPid(), 'SIGKILL');
      expect(await running).toBeInstanceOf(ProcessDiedError);
      expect((await draw(taskFor(join(directory, 'tiny')))).result).toBe('done');
    },
    patience,
  );

  it(
    'counts a generation as stopped even if its process had to be killed for that',
    async () => {
      const controller = new AbortController();
      const running = draw(taskFor(join(directory, 'tiny'), { steps: 1000 }), controller.signal);
      const pid = generatorPid();
      // A process that does not respond any more.
      process.kill(pid, 'SIGSTOP');
      controller.abort();
      process.kill(pid, 'SIGKILL');
      expect(await running).toEqual({ result: 'aborted', images: [] });
    },
    patience,
  );

  it(
    'is ended when it sends an unreadable message: the current generation fails with the reason, and the worker continues',
    async () => {
      const told: Error[] = [];
      const babbling = new GenerationProcess(
        { onLoaded: () => undefined, onUnreadable: (error) => told.push(error) },
        new URL('babbling-child.ts', import.meta.url),
      );
      const drawn = () => babbling.generate(taskFor(directory), { signal: neverAborted, onImage: async () => undefined });
      for (const times of [1, 2]) {
        await expect(drawn()).rejects.toThrow(
          /the generation process sent a message that the worker does not understand.*\n.*weightBytes/s,
        );
        expect(told.map(({ name }) => name)).toEqual(Array(times).fill('UnreadableMessageError'));
        await babbling.close();
      }
    },
    patience,
  );
});

describe('the model cache', () => {
  let models: ModelCache;
  let loaded: string[];
  afterEach(() => models.close());

  const open = (limits: ModelCacheLimits) => {
    loaded = [];
    models = new ModelCache(join(directory, 'copies'), limits, {
      onLoaded: ({ modelDirectory }) => loaded.push(modelDirectory.slice(directory.length + 1)),
      onUnreadable,
      onLeftBehind: (error) => {
        throw error;
      },
    });
  };
  const services = { settings: loadConfig({}).worker, log: createLogger('silent') } as WorkerServices;
  let objectStore: ObjectStore;
  beforeAll(async () => {
    objectStore = await createObjectStore({ kind: 'files', directory: join(directory, 'store') });
  });
  const draw = (name: string) =>
    models.generate(
      { baseModel: name, config: taskFor('').config } as unknown as GenerationDetail,
      taskFor(''),
      { signal: neverAborted, onImage: async () => undefined, alone: false },
      { ...services, objectStore, baseModelsDirectory: directory },
    );

  it(
    'keeps as many models as configured, the most recently used ones',
    async () => {
      await Promise.all([copyOf('second'), copyOf('third')]);
      open({ generationModels: 2, generationModelsMB: 1000 });
      for (const name of ['tiny', 'second', 'tiny', 'third', 'tiny', 'second']) expect(await draw(name)).toBe('done');
      expect(loaded).toEqual(['tiny', 'second', 'third', 'second']);
    },
    patience,
  );

  it(
    'keeps no more models than the memory allows, but always the one in use',
    async () => {
      open({ generationModels: 9, generationModelsMB: 1 });
      for (const name of ['tiny', 'tiny', 'second', 'tiny']) expect(await draw(name)).toBe('done');
      expect(loaded).toEqual(['tiny', 'second', 'tiny']);
    },
    patience,
  );

  it('names a base model that does not exist', async () => {
    open({ generationModels: 1, generationModelsMB: 1 });
    await expect(draw('absent')).rejects.toThrow('base_model: this worker has no base model absent');
  });
});
