// The same service on Redis and S3, with workers of several mixes: what the embedded default shows at length, here in short.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { hostname } from 'node:os';
import type { GenerationBody } from '@styleforge/contracts';
import { realS3Missing, redisMissing, s3Environment, startRedis, startS3, type TestS3Server, warnNotTested } from '@styleforge/testing';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestService } from './service.ts';

const patience = 400_000;
warnNotTested('the service on a real S3 server', realS3Missing);

describe.skipIf(warnNotTested('the service on Redis and S3', redisMissing))('on Redis and S3', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let s3: TestS3Server;
  let test: TestService;
  let styleRef: string;
  let aux: string;

  beforeAll(async () => {
    redis = await startRedis();
    s3 = await startS3();
    test = await TestService.create({ tiny: {} }, { REDIS_URL: redis.redisUrl, ...s3Environment(s3), WORKER_QUEUES: 'generate:2' });
    styleRef = await test.createDataset('style_ref', [0, 40, 80]);
    aux = await test.createDataset('aux', [120, 160, 200, 240]);
  });
  afterAll(async () => {
    await test.remove();
    await s3.stop();
    await redis.stop();
  });

  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

  it(
    'generates while a training runs, keeps the model loaded, serves files by signed links, and cancels',
    async () => {
      const trainer = await test.startWorker({ WORKER_QUEUES: 'train:1' });
      const id = await test.createJob(styleRef, aux, { max_train_steps: 5_000 });
      const { progress } = await test.until(id, ({ progress: { step, eta_seconds } }) => step > 2 && eta_seconds !== null);
      expect(progress.eta_seconds).toBeGreaterThan(0);
      const [first, second] = [await test.generate('tiny'), await test.generate('tiny')];
      expect((await test.job(id)).status).toBe('running');
      expect([first.status, second.status]).toEqual(['succeeded', 'succeeded']);
      const fetchImages = (images: GenerationBody['images']) =>
        Promise.all(
          images.map(async ({ url, sha256: hash }) => {
            const answer = await test.request('GET', url);
            expect(answer.redirected).toBe(true);
            expect(answer.url.startsWith(s3.settings.endpoint)).toBe(true);
            const png = Buffer.from(await answer.arrayBuffer());
            expect(sha256(png)).toBe(hash);
            return sharp(png).raw().toBuffer();
          }),
        );
      expect(await fetchImages(second.images)).toEqual(await fetchImages(first.images));
      expect((await test.workerLog()).match(/"model loaded"/g)).toHaveLength(1);

      await test.call('POST', `/v1/training-jobs/${id}/cancel`);
      expect(await test.untilFinished(id)).toMatchObject({ status: 'cancelled', attempt: 1 });
      const [checkpoint] = await test.checkpoints(id);
      const file = checkpoint?.files.find(({ path }) => path === 'unet/diffusion_pytorch_model.safetensors');
      const bytes = Buffer.from(await (await fetch(file?.url ?? '')).arrayBuffer());
      expect([bytes.length, sha256(bytes)]).toEqual([file?.size_bytes, file?.sha256]);
      trainer.kill('SIGTERM');
      expect(await once(trainer, 'exit')).toEqual([0, null]);
    },
    patience,
  );

  it(
    'passes a job from a killed worker to a second, and from that without time to save to a third, from the last checkpoint each time',
    async () => {
      const first = await test.startWorker({ WORKER_QUEUES: 'train:1' });
      const id = await test.createJob(styleRef, aux, { max_train_steps: 60, checkpointing_steps: 15, resolution: 64 });
      await test.until(id, ({ progress }) => (progress?.step ?? 0) > 0);
      const second = await test.startWorker({ WORKER_QUEUES: 'train:1', WORKER_GRACE_SECONDS: '0' });
      await test.until(id, ({ progress }) => (progress?.step ?? 0) > 15);
      first.kill('SIGKILL');
      await test.until(id, ({ attempt }) => attempt === 2);
      const third = await test.startWorker({ WORKER_QUEUES: 'train,generate' });
      await test.until(id, ({ attempt, progress }) => attempt === 2 && (progress?.step ?? 0) > 30);
      second.kill('SIGTERM');
      expect(await once(second, 'exit')).toEqual([0, null]);
      const job = await test.untilFinished(id);
      expect(job).toMatchObject({ status: 'succeeded', attempt: 3, error: null, result: { final_step: 60 } });
      expect(job.heartbeat).toMatchObject({ device: 'cpu', durable_step: 60, host: hostname(), pid: third.pid });
      expect((await test.checkpoints(id)).map(({ step }) => step)).toEqual([15, 30, 45, 60]);
      expect((await test.metrics(id)).map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
      third.kill('SIGTERM');
      expect(await once(third, 'exit')).toEqual([0, null]);
    },
    patience,
  );
});
