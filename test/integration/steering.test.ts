// A running job is asked for a checkpoint and for samples: it continues to the same weights, and later jobs like it are estimated.
import type { JobEstimate, TrainingJobBody, ValidationImageBody } from '@styleforge/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestService } from './service.ts';

const patience = 300_000;
const STEPS = 60;

let test: TestService;
let styleRef: string;
let aux: string;

beforeAll(async () => {
  test = await TestService.create();
  styleRef = await test.createDataset('style_ref', [0, 40, 80]);
  aux = await test.createDataset('aux', [120, 160, 200, 240]);
});
afterAll(() => test.remove());

const finalWeights = async (jobId: string) =>
  (await test.checkpoints(jobId)).at(-1)?.files.find(({ path }) => path === 'unet/diffusion_pytorch_model.safetensors')?.sha256;
const request = (settings: object = {}) => ({
  method: 'single-styleforge',
  base_model: 'tiny',
  style_ref: { dataset_id: styleRef },
  aux: { dataset_id: aux },
  hyperparameters: { resolution: 32, learning_rate: 1e-3, max_train_steps: STEPS },
  ...settings,
});
const estimate = async () => (await test.call<{ estimate: JobEstimate }>('POST', '/v1/training-jobs/check', request())).estimate;

it(
  'saves and samples on request, once for pending requests, and trains the same weights',
  async () => {
    expect(await estimate()).toMatchObject({
      seconds: null,
      peak_memory_bytes: null,
      checkpoint_bytes: null,
      devices: [{ device: 'cpu', jobs: 0, workers: 1, seconds: null }],
    });
    const undisturbed = await test.createJob(styleRef, aux, { max_train_steps: STEPS });
    await test.untilFinished(undisturbed);

    const steered = await test.call<TrainingJobBody>('POST', '/v1/training-jobs', request());
    const ask = (what: string) => test.call<TrainingJobBody>('POST', `/v1/training-jobs/${steered.id}/${what}`);
    await test.until(steered.id, ({ status }) => status === 'running');
    const [first, second] = await Promise.all([ask('checkpoint'), ask('checkpoint')]);
    expect(first.checkpoint_requested_at).not.toBeNull();
    expect(second.checkpoint_requested_at).toBe(first.checkpoint_requested_at);
    expect((await ask('sample')).sample_requested_at).not.toBeNull();
    const met = await test.until(steered.id, (job) => job.checkpoint_requested_at === null && job.sample_requested_at === null);
    expect(met.status).toBe('running');
    expect(await test.untilFinished(steered.id)).toMatchObject({ status: 'succeeded', result: { final_step: STEPS } });

    const checkpoints = await test.checkpoints(steered.id);
    expect(checkpoints.map(({ step }) => step)).toEqual([expect.any(Number), STEPS]);
    expect(checkpoints[0]!.step).toBeLessThan(STEPS);
    const { data: images } = await test.call<{ data: ValidationImageBody[] }>('GET', `/v1/training-jobs/${steered.id}/images`);
    expect(images).toMatchObject([{ index: 0, prompt: 'a photo of zwx style' }]);
    const types = (await test.events(steered.id)).map(({ type }) => type);
    expect(types.filter((type) => type === 'job.checkpoint_requested')).toHaveLength(1);
    expect(types).toEqual(expect.arrayContaining(['job.sample_requested', 'validation.done']));
    expect(await finalWeights(steered.id)).toBe(await finalWeights(undisturbed));
  },
  patience,
);

it('estimates a later job from these two, and no other job', async () => {
  const known = await estimate();
  expect(known).toMatchObject({ devices: [{ device: 'cpu', jobs: 2 }], queue_position: 0 });
  const [{ step_seconds, seconds }] = known.devices as [JobEstimate['devices'][number]];
  expect(seconds).toBeGreaterThanOrEqual(step_seconds! * STEPS);
  expect(known.seconds).toBe(seconds);
  expect(known.peak_memory_bytes).toBeGreaterThan(50e6);
  // the processor has no memory of its own
  expect([known.device_memory_bytes, known.recomputes_activations]).toEqual([null, null]);
  const checkpoint = (await test.checkpoints((await test.call<{ data: TrainingJobBody[] }>('GET', '/v1/training-jobs')).data[0]!.id)).at(
    -1,
  );
  expect(known.checkpoint_bytes).toBe(checkpoint?.size_bytes);
  const other = request({ hyperparameters: { resolution: 64, max_train_steps: STEPS } });
  const { estimate: unknown } = await test.call<{ estimate: JobEstimate }>('POST', '/v1/training-jobs/check', other);
  expect(unknown).toMatchObject({
    seconds: null,
    devices: [{ device: 'cpu', jobs: 0, seconds: null }],
    basis: expect.stringContaining('unknown'),
  });
});
