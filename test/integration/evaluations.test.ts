// Evaluations through the whole service: a job's own stage, one on request, what is compared, and what goes wrong.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EvaluationBody,
  type EvaluationImageBody,
  type Report,
  report as reportSchema,
  type TrainingJobBody,
} from '@styleforge/contracts';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestService } from './service.ts';
import { makeTinyExtractor } from './tiny-base-model.ts';

/** A machine that is busy with other things may be ten times slower. */
const patience = 600_000;

let test: TestService;
let styleRef: string;
let aux: string;

beforeAll(async () => {
  test = await TestService.create();
  styleRef = await test.createDataset('style_ref', [0, 40, 80]);
  aux = await test.createDataset('aux', [120, 160, 200, 240]);
  await makeTinyExtractor(join(test.directory, 'models', 'mini-clip'));
});
afterAll(() => test.remove());

const sampling = { steps: 1, guidance_scale: 1, extractor: 'mini-clip', clip_extractor: 'mini-clip' };
const jobRequest = (evaluation: object, changes: object = {}) => ({
  method: 'single-styleforge',
  base_model: 'tiny',
  style_ref: { dataset_id: styleRef },
  aux: { dataset_id: aux },
  hyperparameters: { resolution: 32, learning_rate: 1e-3, max_train_steps: 3 },
  evaluation: { ...sampling, ...evaluation },
  ...changes,
});
const createJob = async (evaluation: object, changes?: object) =>
  (await test.call<TrainingJobBody>('POST', '/v1/training-jobs', jobRequest(evaluation, changes))).id;
const evaluationOf = (id: string) => test.call<EvaluationBody>('GET', `/v1/evaluations/${id}`);

async function until(id: string, condition: (evaluation: EvaluationBody) => boolean): Promise<EvaluationBody> {
  const end = Date.now() + patience / 2;
  for (;;) {
    const evaluation = await evaluationOf(id);
    if (condition(evaluation)) return evaluation;
    if (Date.now() > end) throw new Error(`the evaluation stayed as it is: ${JSON.stringify(evaluation)}\n${await test.workerLog()}`);
    await sleep(100);
  }
}
const untilFinished = (id: string) => until(id, ({ status }) => ['succeeded', 'failed', 'cancelled'].includes(status));

let jobId: string;
const validation = { prompts: ['a photo of [V] style'], every_steps: 2, steps: 1, guidance_scale: 1 };

describe('a training job with an evaluation', () => {
  it(
    'is evaluated after its training, together with the base model, and has a report',
    async () => {
      jobId = await createJob({ prompts: ['a house', 'a cat', 'a tree'], compare_with: ['base'], seed: 5 }, { validation });
      const job = await test.untilFinished(jobId, patience / 2);
      expect(job).toMatchObject({ status: 'succeeded', error: null, result: { final_step: 3 } });
      expect(job.progress?.evaluation).toEqual({ phase: 'metrics', done: 2, of: 2 });
      expect((await test.events(jobId)).map(({ type }) => type)).toEqual([
        'job.queued',
        'job.validating',
        'job.running',
        'validation.done',
        'job.warning',
        'validation.done',
        'validation.done',
        'checkpoint.saved',
        'job.evaluating',
        'job.succeeded',
      ]);

      const report = reportSchema.parse(await test.call<Report>('GET', `/v1/training-jobs/${jobId}/report`));
      expect(report.models.map(({ name, prompt_prefix }) => [name, prompt_prefix])).toEqual([
        [jobId, 'a photo of zwx style, '],
        ['base', 'a photo of zwx style, '],
      ]);
      for (const { metrics } of report.models) {
        expect(metrics.map(({ name, generated, reference }) => [name, generated, reference])).toEqual([
          ['kid@mini-clip', 3, 3],
          ['fid@mini-clip', 3, 3],
          ['clip@mini-clip', 3, null],
        ]);
        for (const { interval, value } of metrics) {
          expect(Number.isFinite(value)).toBe(true);
          expect(interval).not.toBeNull();
        }
      }
      expect(report.models[0]?.metrics[0]?.value).not.toBe(report.models[1]?.metrics[0]?.value);
      expect(report.samples.map(({ prompt, seed }) => [prompt, seed])).toEqual([
        ['a house', 5],
        ['a cat', 6],
        ['a tree', 7],
      ]);
      expect(report.training?.losses.map(({ step }) => step)).toEqual([1, 2, 3]);
      expect(report.reference).toMatchObject({ dataset_id: styleRef, count: 3, trained_on: true });
      expect(report.models[0]?.nearest.length).toBeGreaterThan(0);
      expect(report.overfitting).toHaveLength(4);
      expect(report.verdict.summary).toContain('kid@mini-clip');
      expect(report.models[0]?.metrics[2]?.chance).toEqual(expect.any(Number));
      const { summary } = await evaluationOf(job.result?.evaluation_id ?? '');
      expect(summary).toMatchObject({ outcome: report.verdict.outcome, step: 3, metrics: [{ name: 'kid@mini-clip' }, {}, {}] });
      expect(report.training?.validation_samples.map(({ step, pictures }) => [step, pictures.length])).toEqual([
        [0, 1],
        [2, 1],
        [3, 1],
      ]);
      expect(report.repeat).toContain('"max_train_steps": 3');
    },
    patience,
  );

  it('shows the report as one page that loads nothing from outside', async () => {
    const answer = await fetch(`${test.service.url}/v1/training-jobs/${jobId}/report`, {
      headers: { authorization: `Bearer ${test.apiKey}`, accept: 'text/html,*/*' },
    });
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await answer.text();
    expect(page).not.toMatch(/(src|href)="(?!data:image)/);
    expect(page.match(/src="data:image/g)?.length).toBeGreaterThanOrEqual(6 + 3 + 3);
    expect(page).not.toContain('class="gone"');
    for (const shown of [
      'a photo of zwx style',
      'kid@mini-clip ×1000',
      'clip@mini-clip',
      'a house',
      'zwx',
      'curl -X POST',
      'Signs of overfitting',
      'Validation images by step',
    ])
      expect(page).toContain(shown);
    expect(page).not.toMatch(/>\s*(KID|FID|CLIP)\s*[↓↑]/);
  });

  it('keeps its images as PNG, before and after training with the same seed', async () => {
    const { result } = await test.job(jobId);
    const { data } = await test.call<{ data: EvaluationImageBody[] }>('GET', `/v1/evaluations/${result?.evaluation_id}/images`);
    expect(data.map(({ model, index, seed }) => [model, index, seed])).toEqual([
      [0, 0, 5],
      [0, 1, 6],
      [0, 2, 7],
      [1, 0, 5],
      [1, 1, 6],
      [1, 2, 7],
    ]);
    const png = Buffer.from(await (await test.request('GET', data[0]?.url ?? '')).arrayBuffer());
    expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 32, height: 32 });
  });

  it(
    'is refused before any training if an extractor is not configured',
    async () => {
      const id = await createJob({ prompts: ['a house', 'a cat'], extractor: 'inception-v3-fid' });
      const job = await test.untilFinished(id, patience / 2);
      expect(job).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'extractor_not_configured', retryable: false } });
      expect(job.error?.message).toMatch(/inception-v3-fid/);
      expect(await test.metrics(id)).toEqual([]);
    },
    patience,
  );

  it(
    'continues its evaluation after its worker is killed with -9, and keeps existing images',
    async () => {
      const id = await createJob({ prompts: Array.from({ length: 60 }, (_, index) => `picture ${index}`), metrics: ['clip'], steps: 4 });
      const evaluating = await test.until(id, ({ progress }) => (progress?.evaluation?.done ?? 0) > 0, patience / 2);
      const evaluationId = evaluating.result?.evaluation_id ?? '';
      const before = (await test.call<{ data: EvaluationImageBody[] }>('GET', `/v1/evaluations/${evaluationId}/images`)).data;
      process.kill(test.service.workerPid() ?? 0, 'SIGKILL');
      const job = await test.untilFinished(id, patience / 2);
      expect(job).toMatchObject({ status: 'succeeded', attempt: 2, result: { evaluation_id: evaluationId } });
      const after = (await test.call<{ data: EvaluationImageBody[] }>('GET', `/v1/evaluations/${evaluationId}/images`)).data;
      expect(after.map(({ index }) => index)).toEqual(Array.from({ length: 60 }, (_, index) => index));
      expect(before.length).toBeGreaterThan(0);
      expect(after.slice(0, before.length)).toEqual(before);
      expect((await test.metrics(id)).map(({ step }) => step)).toEqual([1, 2, 3]);
    },
    patience,
  );
});

describe('POST /v1/evaluations', () => {
  const create = (body: object) => test.call<EvaluationBody>('POST', '/v1/evaluations', { ...sampling, ...body });

  it(
    'compares a base model with a job against any dataset',
    async () => {
      const { id } = await create({
        model: 'tiny',
        prompts: ['a house', 'a cat'],
        num_images: 2,
        compare_with: [jobId],
        reference_dataset_id: aux,
      });
      expect(await untilFinished(id)).toMatchObject({
        status: 'succeeded',
        training_job_id: null,
        progress: { phase: 'metrics', done: 2, of: 2 },
      });
      const report = reportSchema.parse(await test.call<Report>('GET', `/v1/evaluations/${id}/report`));
      expect(report.models.map(({ prompt_prefix }) => prompt_prefix)).toEqual(['', 'a photo of zwx style, ']);
      expect(report.models[0]?.metrics.map(({ generated, reference }) => [generated, reference])).toEqual([
        [4, 4],
        [4, 4],
        [4, null],
      ]);
      expect(report).toMatchObject({ training: null, reference: { trained_on: false } });
      expect(report.repeat).toContain('/v1/evaluations');
    },
    patience,
  );

  it(
    'replaces a placeholder by the token of each model, and for a base model by that of the evaluated model',
    async () => {
      const { id } = await create({
        model: jobId,
        prompts: ['a cat', 'a picture in [V] style, a house'],
        metrics: ['clip'],
        compare_with: ['base'],
      });
      expect(await untilFinished(id)).toMatchObject({ status: 'succeeded' });
      const { data } = await test.call<{ data: EvaluationImageBody[] }>('GET', `/v1/evaluations/${id}/images`);
      const prompts = ['a photo of zwx style, a cat', 'a picture in zwx style, a house'];
      expect(data.map(({ prompt }) => prompt)).toEqual([...prompts, ...prompts]);
      const report = reportSchema.parse(await test.call<Report>('GET', `/v1/evaluations/${id}/report`));
      expect(report.samples.map(({ prompt }) => prompt)).toEqual(['a cat', 'a picture in [V] style, a house']);
    },
    patience,
  );

  it(
    'can be cancelled while it generates',
    async () => {
      const { id } = await create({
        model: 'tiny',
        prompts: Array.from({ length: 200 }, (_, index) => `picture ${index}`),
        steps: 20,
        reference_dataset_id: aux,
      });
      expect((await test.request('GET', `/v1/evaluations/${id}/report`)).status).toBe(409);
      await until(id, ({ progress }) => (progress?.done ?? 0) > 0);
      await test.call('POST', `/v1/evaluations/${id}/cancel`);
      expect(await untilFinished(id)).toMatchObject({ status: 'cancelled', cancel_requested: true, error: null });
    },
    patience,
  );
});
