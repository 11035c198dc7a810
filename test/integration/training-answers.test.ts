// What training jobs and studies say in the end: why nothing was trained, how many steps a style needed, which variation did best.
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StudyBody } from '@styleforge/contracts';
import { componentOf, readDiffusersFolder, writeDiffusersFolder } from '@styleforge/weights';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestService } from './service.ts';
import { makeTinyBaseModel } from './tiny-base-model.ts';

/** A machine that is busy with other things may be ten times slower. */
const patience = 300_000;
const golden = fileURLToPath(new URL('../golden/', import.meta.url));
const shippedModel = fileURLToPath(new URL('../../models/styleforge-mini', import.meta.url));

let test: TestService;
let styleRef: string;
let aux: string;
const models = (...path: string[]) => join(test.directory, 'models', ...path);

beforeAll(async () => {
  test = await TestService.create();
  styleRef = await test.createDataset('style_ref', [0, 30, 60, 90, 120, 150, 180, 210, 240, 270]);
  aux = await test.createDataset('aux', [20, 140, 260]);
  await cp(join(golden, 'clip-preprocessing'), models('mini-clip'), { recursive: true });
  await cp(join(golden, 'tiny-clip'), models('mini-clip'), { recursive: true });
});
afterAll(() => test.remove());

const request = (changes: { hyperparameters?: object } & Record<string, unknown> = {}) => ({
  method: 'single-styleforge',
  base_model: 'tiny',
  style_ref: { dataset_id: styleRef },
  aux: { dataset_id: aux },
  ...changes,
  hyperparameters: { resolution: 32, learning_rate: 1e-3, max_train_steps: 2, ...changes.hyperparameters },
});
const create = async (changes: Parameters<typeof request>[0]) =>
  (await test.call<{ id: string }>('POST', '/v1/training-jobs', request(changes))).id;

it(
  'a token that the base model knows is refused; a job that an earlier version queued with it fails once before its first step',
  async () => {
    await cp(shippedModel, models('wordy'), { recursive: true });
    const named = (token: string) => ({
      ...{ base_model: 'wordy', hyperparameters: { resolution: 64 } },
      style_ref: { dataset_id: styleRef, components: [{ name: 'all', token }] },
    });
    const refused = await test.request('POST', '/v1/training-jobs', request(named('paintstyle')));
    const detail = expect.stringMatching(/^is read as .*'style', which the base model knows already: take a rare one/) as string;
    expect([refused.status, await refused.json()]).toMatchObject([422, { errors: [{ pointer: '/style_ref/components/0/token', detail }] }]);
    const client = new pg.Client({ connectionString: test.service.databaseUrl });
    await client.connect();
    // Earlier versions stored such a token without a check.
    await client.query(`
      create function as_earlier() returns trigger language plpgsql as
        $$ begin new.config = replace(new.config::text, 'zwx', 'paintstyle')::jsonb; return new; end $$;
      create trigger as_earlier before insert on training_jobs for each row execute function as_earlier()`);
    const id = await create(named('zwx'));
    await client.query('drop function as_earlier cascade').finally(() => client.end());
    const job = await test.untilFinished(id);
    expect(job).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'common_token', retryable: false } });
    expect(job.error?.message).toMatch(/'paintstyle'.*'style'.*rare one/);
    expect([await test.metrics(id), await test.checkpoints(id)]).toEqual([[], []]);
  },
  patience,
);

it('a job with a base model that the service cannot run is refused when it is created', async () => {
  await makeTinyBaseModel(models('unsupported'));
  const config = models('unsupported', 'unet', 'config.json');
  await writeFile(config, (await readFile(config, 'utf8')).replaceAll('CrossAttnDownBlock2D', 'AttnSkipDownBlock2D'));
  const refused = await test.request('POST', '/v1/training-jobs', request({ base_model: 'unsupported' }));
  expect([refused.status, await refused.json()]).toMatchObject([
    422,
    { code: 'unusable_base_model', detail: expect.stringMatching(/AttnSkipDownBlock2D/) as string },
  ]);
});

/** Gives every element of a bias of a base model one value. */
async function fillBias(model: string, component: 'unet' | 'vae', bias: string, value: number): Promise<void> {
  const directory = models(model);
  const reader = await componentOf(await readDiffusersFolder(directory), component).openWeights();
  const weights = await Promise.all(
    reader.names().map(async (name) => ({
      name,
      shape: reader.info(name).shape,
      data: name === bias ? new Float32Array(reader.info(name).shape[0] ?? 0).fill(value) : await reader.read(name),
    })),
  );
  await reader.close();
  await writeDiffusersFolder(directory, { base: directory, components: { [component]: { weights } } });
}

it(
  'a loss that is not a number ends the job, and the error names the step',
  async () => {
    await makeTinyBaseModel(models('loud'));
    // Finite, as a base model must be; the square of what the U-Net predicts is not.
    await fillBias('loud', 'unet', 'conv_out.bias', 1e30);
    const wild = await create({ base_model: 'loud' });
    const job = await test.untilFinished(wild);
    expect(job).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'training_diverged', retryable: false } });
    expect(job.error?.message).toMatch(/loss (Infinity|NaN).* at step 1: /);
    expect(await test.checkpoints(wild)).toEqual([]);
  },
  patience,
);

it(
  'a job whose base model was replaced is not resumed on the other one, and its last checkpoint is kept',
  async () => {
    await makeTinyBaseModel(models('damaged'));
    const id = await create({ base_model: 'damaged' });
    expect(await test.untilFinished(id)).toMatchObject({ status: 'succeeded' });
    await fillBias('damaged', 'vae', 'encoder.conv_in.bias', 0.5);
    await test.call('POST', `/v1/training-jobs/${id}/resume`, { max_train_steps: 5 });
    const job = await test.untilFinished(id);
    expect(job).toMatchObject({ status: 'failed', attempt: 2, error: { code: 'unsupported_base_model', retryable: false } });
    expect(job.error?.message).toMatch(/another model has been installed/);
    expect((await test.checkpoints(id)).map(({ step }) => step)).toEqual([2]);
  },
  patience,
);

it(
  'a study continues after a restart of the service, and compares how many steps each variation needed',
  async () => {
    const validation = {
      prompts: ['a photo of [V] style, a house', 'a photo of [V] style, a tree'],
      every_steps: 2,
      steps: 1,
      guidance_scale: 1,
    };
    const { id } = await test.call<StudyBody>('POST', '/v1/studies', {
      name: 'how much of everything',
      job: request({ hyperparameters: { max_train_steps: 4 }, validation, early_stopping: { metric: 'kid', patience: 9 } }),
      variations: [{ name: 'half the images', changes: { style_ref: { mix: { all: 5 } }, early_stopping: { metric: 'clip' } } }],
      grid: [{ pointer: '/aux/weight', values: [0, 1] }],
    });
    const study = () => test.call<StudyBody>('GET', `/v1/studies/${id}`);
    const [first] = (await study()).report;
    await test.until(first?.training_job_id ?? '', ({ progress }) => (progress?.step ?? 0) > 0);
    await test.stop();
    await test.start();
    for (const { training_job_id } of (await study()).report)
      expect(await test.untilFinished(training_job_id)).toMatchObject({ status: 'succeeded', error: null });
    const { status, jobs, report, leaders } = await study();
    expect([status, jobs]).toEqual(['finished', { succeeded: 3 }]);
    expect(report.map(({ name, final_step, scores }) => [name, final_step, scores.map(({ step }) => step)])).toEqual([
      ['half the images', 4, [0, 2, 4]],
      ['weight=0', 4, [0, 2, 4]],
      ['weight=1', 4, [0, 2, 4]],
    ]);
    for (const { best, scores, training_job_id, checkpoint_id } of report) {
      const { result } = await test.job(training_job_id);
      expect(result?.early_stopping).toEqual({
        metric: best?.metric,
        stopped: false,
        curve: scores.map(({ step, scores: values }) => ({ step, value: values[best?.metric ?? ''] })),
      });
      expect(result?.early_stopping?.curve).toContainEqual({ step: best?.step, value: best?.value });
      expect((await test.checkpoints(training_job_id)).find((checkpoint) => checkpoint.id === checkpoint_id)?.step).toBe(best?.step);
    }
    expect(leaders.map(({ metric }) => metric).sort()).toEqual(['clip@mini-clip', 'kid@mini-clip']);
    const ofKid = report.filter(({ best }) => best?.metric === 'kid@mini-clip').map(({ best }) => best?.value ?? NaN);
    expect(leaders.find(({ metric }) => metric === 'kid@mini-clip')?.value).toBe(Math.min(...ofKid));
  },
  patience,
);
