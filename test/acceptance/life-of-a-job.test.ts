// The whole life of a job from outside: HTTP alone, on any running service.
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from './client.ts';
import type { Json } from './client.ts';
import { walkAccess, walkMachine, walkWebhooks, walkWorkers } from './walks/machine.ts';
import { walkDatasets, walkFinishedJob, walkPromptSets } from './walks/data.ts';
import { walkEvaluations, walkStudies } from './walks/comparisons.ts';
import { walkCheckpoints, walkImages, walkModels } from './walks/results.ts';
import { MEASURED, newDataset } from './walks/place.ts';
import { walkRounds } from './walks/rounds.ts';
import { services } from './service-under-test.ts';
import type { ServiceUnderTest } from './service-under-test.ts';

const PATIENCE = 400_000;

describe.each(Object.entries(services))('on %s', (_name, open) => {
  let service: ServiceUnderTest;
  let client: Client;
  let baseModel: { name: string; resolution: number };
  let styleRef: string;
  let aux: string;
  let job: string;

  beforeAll(async () => {
    service = await open();
    client = new Client(service);
    const models = await client.list<{ name: string; resolution: number; size_bytes: number }>('/v1/base-models');
    baseModel = models.sort((a, b) => a.size_bytes - b.size_bytes)[0] ?? { name: 'none', resolution: 0 };
  }, 300_000);
  afterAll(() => service?.stop(), 120_000);

  const request = (changes: object = {}) => ({
    method: 'single-styleforge',
    base_model: baseModel.name,
    style_ref: { dataset_id: styleRef },
    aux: { dataset_id: aux },
    hyperparameters: { resolution: baseModel.resolution, max_train_steps: 4, checkpointing_steps: 2 },
    validation: { prompts: ['a photo of [V] style'], every_steps: 2, steps: 2 },
    evaluation: {
      prompts: ['a photo of [V] style', 'a photo'],
      num_images: 2,
      steps: 1,
      compare_with: ['base'],
      ...MEASURED,
    },
    metadata: { suite: 'acceptance' },
    ...changes,
  });

  describe('before a job', () => {
    it('the service is alive, ready and documented', async () => {
      expect((await client.get('/healthz')).status).toBe(200);
      expect((await client.get('/readyz')).body.status).toBe('ready');
      expect((await client.get('/openapi.json')).body['openapi']).toMatch(/^3\.1/);
      expect((await client.get('/docs/')).status).toBe(200);
      expect((await client.get('/v1/datasets', { key: 'sf_wrong' })).body).toMatchObject({ status: 401, code: 'unauthorized' });
    });

    it('two datasets are created, and their images can be downloaded', async () => {
      styleRef = await newDataset(client, 'style_ref', [0, 40, 80]);
      aux = await newDataset(client, 'aux', [120, 160, 200]);
      const { body, headers } = await client.get(`/v1/datasets/${styleRef}`);
      expect(body).toMatchObject({ kind: 'style_ref', image_count: 3 });
      const [image] = body['images'] as { url: string; thumbnail_url: string; sha256: string }[];
      const png = await client.get(image?.url ?? '');
      expect(createHash('sha256').update(png.bytes).digest('hex')).toBe(image?.sha256);
      expect((await sharp((await client.get(image?.thumbnail_url ?? '')).bytes).metadata()).format).toBe('webp');
      expect((await client.get(`/v1/datasets/${styleRef}`, { headers: { 'if-none-match': headers.get('etag') ?? '' } })).status).toBe(304);
    });
  });

  describe('a job', () => {
    it('is created once, however often it is requested, and invalid trainings are refused', async () => {
      const headers = { 'idempotency-key': `acceptance ${styleRef}` };
      const first = await client.post('/v1/training-jobs', request(), { headers });
      expect([first.status, first.headers.get('location'), first.body.status]).toEqual([
        202,
        `/v1/training-jobs/${first.body.id}`,
        'queued',
      ]);
      job = first.body.id;
      expect((await client.post('/v1/training-jobs', request(), { headers })).body).toEqual(first.body);
      expect((await client.post('/v1/training-jobs', request({ suffix: 'other' }), { headers })).body).toMatchObject({
        status: 422,
        code: 'idempotency_key_reused',
      });
      const refused = await client.post('/v1/training-jobs', request({ hyperparameters: { learning_rate: -1 } }));
      expect([refused.headers.get('content-type'), refused.body]).toMatchObject([
        'application/problem+json',
        { status: 422, errors: [{ pointer: '/hyperparameters/learning_rate' }] },
      ]);
      expect((await client.call('DELETE', `/v1/datasets/${styleRef}`)).body).toMatchObject({ status: 409, code: 'dataset_in_use' });
    });

    it(
      'trains to its end, and its log and its stream show the same events',
      async () => {
        const done = await client.until(`/v1/training-jobs/${job}`, ['succeeded', 'failed', 'cancelled'], PATIENCE);
        expect(done).toMatchObject({ status: 'succeeded', error: null, progress: { step: 4, of: 4 }, result: { final_step: 4 } });
        const events = await client.list<{ sequence: number; type: string }>(`/v1/training-jobs/${job}/events`);
        expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_event, index) => index + 1));
        expect(events.map(({ type }) => type)).toEqual(
          expect.arrayContaining(['job.queued', 'job.running', 'checkpoint.saved', 'job.succeeded']),
        );
        const streamed = (await client.stream(job, 1)).filter(({ id }) => id !== undefined);
        expect(streamed.map(({ id, event }) => [Number(id), event])).toEqual(events.slice(1).map(({ sequence, type }) => [sequence, type]));
      },
      PATIENCE + 20_000,
    );

    it('has loss curves, validation images, and checkpoints that match their hashes', async () => {
      expect((await client.list<{ step: number }>(`/v1/training-jobs/${job}/metrics`)).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
      const images = await client.list<{ step: number; url: string; sha256: string }>(`/v1/training-jobs/${job}/images`);
      expect(images.map(({ step }) => step)).toEqual([0, 2, 4]);
      await client.call('PATCH', images[2]?.url ?? '', { body: { starred: true } });
      expect((await client.list<{ url: string }>('/v1/images?kind=validation&starred=true')).map(({ url }) => url)).toEqual([
        images[2]?.url,
      ]);
      const checkpoints = await client.list<{ step: number; files: { path: string; url: string; sha256: string; size_bytes: number }[] }>(
        `/v1/training-jobs/${job}/checkpoints`,
      );
      expect(checkpoints.map(({ step }) => step)).toEqual([2, 4]);
      const file = checkpoints[1]?.files.find(({ path }) => path === 'unet/diffusion_pytorch_model.safetensors');
      const { bytes } = await client.get(file?.url ?? '');
      expect([bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([file?.size_bytes, file?.sha256]);
      const part = await client.get(file?.url ?? '', { headers: { range: 'bytes=8-15' } });
      expect([part.status, part.bytes]).toEqual([206, bytes.subarray(8, 16)]);
    });

    it(
      'generates the same image for the same seed, with its parameters in the file',
      async () => {
        const body = { model: job, prompts: ['a photo of zwx style'], steps: 2, seed: 7, wait: 60 };
        const draw = async () => {
          const { body: generation } = await client.post('/v1/images/generations', body);
          const done = await client.until(`/v1/images/generations/${generation.id}`, ['succeeded', 'failed'], PATIENCE);
          expect(done).toMatchObject({ status: 'succeeded', training_job_id: job });
          const [image] = done['images'] as { url: string; seed: number }[];
          expect(image?.seed).toBe(7);
          return (await client.get(image?.url ?? '')).bytes;
        };
        const [one, two] = [await draw(), await draw()];
        expect(await sharp(one).raw().toBuffer()).toEqual(await sharp(two).raw().toBuffer());
        expect(one.includes('a photo of zwx style')).toBe(true);
      },
      PATIENCE,
    );

    it(
      'can be paused, resumed and cancelled, and continues for more steps after its end',
      async () => {
        const { body: second } = await client.post(
          '/v1/training-jobs',
          request({ hyperparameters: { resolution: baseModel.resolution, max_train_steps: 5000 }, validation: null }),
        );
        const url = `/v1/training-jobs/${second.id}`;
        await client.until(url, ['running'], PATIENCE);
        expect((await client.post(`${url}/checkpoint`)).status).toBe(202);
        expect((await client.post(`${url}/sample`)).status).toBe(202);
        expect((await client.post(`${url}/pause`)).status).toBe(202);
        await client.until(url, ['paused'], PATIENCE);
        expect((await client.post(`${url}/resume`)).body.status).toBe('queued');
        await client.until(url, ['running'], PATIENCE);
        expect((await client.post(`${url}/cancel`)).status).toBe(202);
        expect(await client.until(url, ['cancelled', 'failed', 'succeeded'], PATIENCE)).toMatchObject({ status: 'cancelled' });
        expect((await client.call('DELETE', url)).status).toBe(204);
        expect((await client.post(`/v1/training-jobs/${job}/resume`, { max_train_steps: 5 })).body.status).toBe('queued');
        expect(await client.until(`/v1/training-jobs/${job}`, ['succeeded', 'failed'], PATIENCE)).toMatchObject({
          status: 'succeeded',
          result: { final_step: 5 },
        });
        const found = await client.get('/v1/training-jobs?metadata=suite:acceptance&status=succeeded&limit=100');
        expect((found.body['data'] as Json[]).map(({ id }) => id)).toContain(job);
      },
      4 * PATIENCE,
    );
  });

  describe('around a job', () => {
    const place = () => ({ client, baseModel, styleRef, aux, job });
    const tiny = () => request({ hyperparameters: { resolution: baseModel.resolution, max_train_steps: 4 } });

    it('the caller is identified, the machine is described, and workers can be drained', async () => {
      await walkMachine(place());
      await walkWorkers(place());
    });

    it('browsers are signed in and webhooks are sent', async () => {
      await walkAccess(place());
      await walkWebhooks(place());
    });

    it('datasets and prompt sets are changed, and the files of a finished job are shown', async () => {
      await walkDatasets(place());
      await walkPromptSets(place());
      await walkFinishedJob(place(), tiny());
    });

    it(
      'images, files and named models of a job are created',
      async () => {
        const image = await walkImages(place());
        await walkModels(place(), image, await walkCheckpoints(place()));
      },
      3 * PATIENCE,
    );

    it("StyleDrop's two rounds are trained, with the feedback between them", () => walkRounds(place()), 3 * PATIENCE);

    it(
      'a job is evaluated, and variations are studied',
      async () => {
        await walkEvaluations(place());
        await walkStudies(place(), tiny());
      },
      3 * PATIENCE,
    );
  });

  describe('after a job', () => {
    it('a key is created, used within its scope, and revoked', async () => {
      const { status, body } = await client.post('/v1/api-keys', { name: 'acceptance', scopes: ['read'] });
      const key = String(body['key']);
      expect(status).toBe(201);
      expect((await client.get(`/v1/training-jobs/${job}`, { key })).headers.get('ratelimit')).toMatch(/^"requests";r=\d+;t=\d+$/);
      expect((await client.post(`/v1/training-jobs/${job}/cancel`, undefined, { key })).body).toMatchObject({
        status: 403,
        code: 'insufficient_scope',
      });
      expect((await client.post(`/v1/api-keys/${body.id}/revoke`)).status).toBe(200);
      expect((await client.get(`/v1/training-jobs/${job}`, { key })).status).toBe(401);
    });

    it('its datasets are deleted', async () => {
      for (const id of [styleRef, aux]) {
        expect((await client.call('DELETE', `/v1/datasets/${id}`)).status).toBe(204);
        expect((await client.get(`/v1/datasets/${id}`)).status).toBe(404);
      }
    });

    it('every operation of the document has been called', async () => {
      expect(await client.uncalledOperations()).toEqual([]);
    });
  });
});
