// The upgrade from 0.1.0: database and store of that version, in the middle of their work, under the present service.
import type { TrainingJobBody } from '@styleforge/contracts';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Release, restoreRelease } from './earlier-release.ts';
import { TestService } from './service.ts';

const patience = 400_000;
let fixture: Release;
let test: TestService;

beforeAll(async () => {
  const restored = await restoreRelease();
  fixture = restored.release;
  test = await TestService.over(restored.directory, fixture.apiKey);
}, patience);
afterAll(() => test.remove());

const pixelsOf = async (url = '') =>
  Array.from(
    await sharp(Buffer.from(await (await test.request('GET', url)).arrayBuffer()))
      .raw()
      .toBuffer(),
  );

describe('a database and a store of 0.1.0', () => {
  it('keep their finished work: job, checkpoint, curve, events and images', async () => {
    const { done } = fixture.jobs;
    expect(await test.job(done)).toMatchObject({ status: 'succeeded', result: { final_step: 4 } });
    expect((await test.metrics(done)).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect((await test.events(done)).at(-1)?.type).toBe('job.succeeded');
    const generation = await test.generated(fixture.generation);
    expect(generation).toMatchObject({ status: 'succeeded', images: [{}, {}] });
    const image = await test.request('GET', generation.images[0]?.url ?? '');
    expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/png']);
    const [checkpoint] = await test.checkpoints(done);
    const weights = checkpoint?.files.find(({ path }) => path === 'unet/diffusion_pytorch_model.safetensors');
    expect((await test.request('GET', weights?.url ?? '')).status).toBe(200);
  });

  it(
    'generate the same image for the same seed from an old checkpoint',
    async () => {
      const earlier = await test.generated(fixture.generation);
      const again = await test.generate(fixture.jobs.done);
      const [before, after] = await Promise.all([pixelsOf(earlier.images[0]?.url), pixelsOf(again.images[0]?.url)]);
      expect(after.length).toBe(before.length);
      // Processors round differently.
      expect(Math.max(...before.map((value, i) => Math.abs(value - (after[i] ?? 0))))).toBeLessThanOrEqual(1);
    },
    patience,
  );

  it(
    'continue unfinished work: the running job from its checkpoint, the waiting one from its beginning',
    async () => {
      const { running, queued } = fixture.jobs;
      expect(await test.untilFinished(running, patience)).toMatchObject({ status: 'succeeded', result: { final_step: 60 } });
      expect(await test.untilFinished(queued, patience)).toMatchObject({ status: 'succeeded', result: { final_step: 2 } });
      const resumed = (await test.events(running)).map(({ type }) => type);
      expect(resumed.at(-1)).toBe('job.succeeded');
      expect((await test.metrics(running)).map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    },
    patience,
  );

  it('accept new work', async () => {
    const { data } = await test.call<{ data: TrainingJobBody[] }>('GET', '/v1/training-jobs');
    expect(data.map(({ id }) => id).sort()).toEqual(Object.values(fixture.jobs).sort());
    expect((await test.createDataset('style_ref', [10, 50, 90])).startsWith('ds_')).toBe(true);
  });
});
