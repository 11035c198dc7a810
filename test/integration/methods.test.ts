// One job of each method through the whole service: what trains, which files come of it, and that a generation is made with it.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FeedbackBody, TrainingJobBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { discPicture } from '@styleforge/testing';
import { TestService } from './service.ts';

/** A machine that is busy with other things may be ten times slower. */
const patience = 600_000;
const miniClip = fileURLToPath(new URL('../../models/mini-clip', import.meta.url));

let test: TestService;
let styleRef: string;
let aux: string;
beforeAll(async () => {
  test = await TestService.create();
  await cp(miniClip, join(test.directory, 'models', 'mini-clip'), { recursive: true });
  styleRef = await test.createDataset('style_ref', [0, 40, 80]);
  aux = await test.createDataset('aux', [120, 160, 200]);
});
afterAll(() => test.remove());

const steps = { resolution: 32, max_train_steps: 4, checkpointing_steps: 2, train_batch_size: 1, learning_rate: 1e-2 };

async function train(body: object): Promise<TrainingJobBody> {
  const { id } = await test.call<TrainingJobBody>('POST', '/v1/training-jobs', {
    base_model: 'tiny',
    style_ref: { dataset_id: styleRef },
    hyperparameters: steps,
    ...body,
  });
  const job = await test.untilFinished(id);
  expect(job).toMatchObject({ status: 'succeeded', error: null, result: { final_step: 4 } });
  return job;
}

const filesOf = async ({ id }: TrainingJobBody): Promise<string[]> =>
  (await test.checkpoints(id))
    .at(-1)!
    .files.map(({ path }) => path)
    .filter((path) => !path.startsWith('trainer_state/'));

describe('each method trains and generates', () => {
  it.each([
    ['lora', {}, ['adaptation.json', 'kohya/lora.safetensors', 'pytorch_lora_weights.safetensors']],
    [
      'textual-inversion',
      { adaptation: { kind: 'textual-inversion', initial_word: 'a' } },
      ['a1111/zwx.safetensors', 'adaptation.json', 'learned_embeds.safetensors'],
    ],
    [
      'custom-diffusion',
      { adaptation: { kind: 'custom-diffusion', initial_word: 'a' } },
      ['adaptation.json', 'pytorch_custom_diffusion_weights.safetensors', 'zwx.safetensors'],
    ],
    [
      'pivotal-tuning',
      { adaptation: { kind: 'pivotal-tuning', initial_word: 'a', rank: 2 } },
      [
        'a1111/zwx.safetensors',
        'adaptation.json',
        'kohya/lora.safetensors',
        'learned_embeds.safetensors',
        'pytorch_lora_weights.safetensors',
      ],
    ],
    [
      'single-styleforge',
      { adaptation: { kind: 'lora', rank: 2 } },
      ['adaptation.json', 'kohya/lora.safetensors', 'pytorch_lora_weights.safetensors'],
    ],
  ])(
    '%s %j',
    async (method, more, files) => {
      const job = await train({ method, ...more, ...(method === 'single-styleforge' && { aux: { dataset_id: aux } }) });
      expect((await filesOf(job)).sort()).toEqual(files);
      expect((await test.metrics(job.id)).map(({ step, aux_loss }) => [step, aux_loss !== null])).toEqual(
        [1, 2, 3, 4].map((step) => [step, method === 'single-styleforge']),
      );
      expect(await test.generate(job.id)).toMatchObject({ status: 'succeeded', images: [{}, {}] });
    },
    patience,
  );
});

it('multi-styleforge binds a token to each component, and a prompt chooses one', { timeout: patience }, async () => {
  const { id: dataset } = await test.call<{ id: string }>('POST', '/v1/datasets', { name: 'two components', kind: 'style_ref' });
  for (const [component, hues] of [
    ['person', [0, 30, 60]],
    ['background', [150, 180, 210]],
  ] as const) {
    const form = new FormData();
    form.append('component', component);
    for (const hue of hues) form.append('images', new Blob([await discPicture(hue)], { type: 'image/png' }), `${hue}.png`);
    expect(await test.call('POST', `/v1/datasets/${dataset}/images`, form)).toMatchObject({ kept: 3 });
  }
  const job = await train({ method: 'multi-styleforge', style_ref: { dataset_id: dataset }, aux: { dataset_id: aux } });
  expect(job.config.style_ref.components.map(({ name, token }) => [name, token])).toEqual([
    ['person', 'zwx'],
    ['background', 'ukj'],
  ]);
  expect((await test.metrics(job.id)).every(({ aux_loss }) => aux_loss !== null)).toBe(true);
  const body = { model: job.id, prompts: ['[background] style, a disc'], steps: 2, wait: 60 };
  const { id } = await test.call<{ id: string }>('POST', '/v1/images/generations', body);
  expect(await test.generated(id)).toMatchObject({ status: 'succeeded', config: { prompts: ['ukj style, a disc'] } });
});

it('trains with masks, and refuses a dataset without masks immediately', { timeout: patience }, async () => {
  const job = { method: 'lora', hyperparameters: { ...steps, masked_loss: true } };
  const body = { base_model: 'tiny', style_ref: { dataset_id: styleRef }, ...job };
  const refused = await test.request('POST', '/v1/training-jobs', body);
  expect([refused.status, await refused.json()]).toMatchObject([422, { errors: [{ pointer: '/hyperparameters/masked_loss' }] }]);
  const dataset = await test.createDataset('style_ref', [10, 50, 90]);
  const form = new FormData();
  form.append('images', new Blob([await discPicture(0)], { type: 'image/png' }), '50.mask.png');
  expect(await test.call('POST', `/v1/datasets/${dataset}/images`, form)).toMatchObject({ kept: 0, masks: 1, refused: 0 });
  await train({ ...job, style_ref: { dataset_id: dataset } });
});

describe('styledrop', () => {
  const subjects = ['a cat', 'a house'];
  let first: TrainingJobBody;

  const feedback = (): Promise<FeedbackBody> => test.call('GET', `/v1/training-jobs/${first.id}/feedback`);

  it(
    'trains on one image with its caption, and generates candidates with CLIP scores',
    async () => {
      const dataset = await test.createDataset('style_ref', [200]);
      const body = {
        method: 'styledrop',
        style_ref: { dataset_id: dataset },
        styledrop: {
          style: 'disc painting',
          candidates: { prompts: subjects, images_per_prompt: 2, style_guidance: 1, text_guidance: 1, clip_extractor: 'mini-clip' },
        },
      };
      const refused = await test.request('POST', '/v1/training-jobs', { base_model: 'tiny', hyperparameters: steps, ...body });
      expect([refused.status, await refused.json()]).toMatchObject([422, { errors: [{ pointer: '/hyperparameters/use_captions' }] }]);
      const { images } = await test.call<{ images: { id: string }[] }>('GET', `/v1/datasets/${dataset}`);
      const captioned = await test.request('PUT', `/v1/datasets/${dataset}/captions`, {
        captions: [{ image_id: images[0]!.id, caption: 'a disc' }],
      });
      expect(captioned.status).toBe(204);
      first = await train(body);
      expect((await filesOf(first)).sort()).toEqual(['adaptation.json', 'styledrop_adapter.safetensors']);
      const generation = first.result?.candidates?.generation_id ?? '';
      await test.generated(generation);
      const { candidates, counts, of, status } = await feedback();
      expect({ status, of, counts }).toEqual({ status: 'succeeded', of: 4, counts: { keep: 0, drop: 0, undecided: 4 } });
      expect(candidates.map(({ subject, prompt }) => [subject, prompt])).toEqual(
        ['a cat', 'a cat', 'a house', 'a house'].map((subject) => [subject, `${subject} in disc painting style`]),
      );
      for (const { clip_score } of candidates) expect(clip_score).toBeGreaterThanOrEqual(0);
      expect(new Set(candidates.map(({ clip_score }) => clip_score)).size).toBeGreaterThan(1);
    },
    patience,
  );

  it(
    'trains its second round on the kept candidates, with their captions',
    async () => {
      const second = { method: 'styledrop', base_model: 'tiny', hyperparameters: steps };
      const round = (by: string, more = {}) => ({ round: 2, parent_job_id: first.id, selection: { by, ...more } });
      const early = await test.request('POST', '/v1/training-jobs', { ...second, styledrop: round('human') });
      expect([early.status, await early.json()]).toMatchObject([422, { errors: [{ pointer: '/styledrop/selection' }] }]);
      const { candidates } = await feedback();
      const items = [
        { image_id: candidates[1]!.image_id, verdict: 'keep' },
        { image_id: candidates[2]!.image_id, verdict: 'drop' },
      ];
      for (let i = 0; i < 2; i++)
        expect((await test.call<FeedbackBody>('PUT', `/v1/training-jobs/${first.id}/feedback`, { items })).counts).toEqual({
          keep: 1,
          drop: 1,
          undecided: 2,
        });
      const datasets = async () => (await test.call<{ data: { id: string }[] }>('GET', '/v1/datasets')).data.map(({ id }) => id);
      const before = await datasets();
      const few = await test.request('POST', '/v1/training-jobs', {
        ...{ ...second, adaptation: { kind: 'lora' }, styledrop: round('human') },
      });
      expect([few.status, await few.text()]).toEqual([422, expect.stringMatching(/unusable_dataset.*1 image/s)]);
      expect(await datasets()).toEqual(before);
      const job = await train({ ...second, style_ref: undefined, styledrop: round('human') });
      expect(job.config).toMatchObject({
        adaptation: { kind: 'adapter', bottleneck: 32, shared: false },
        styledrop: { style: 'disc painting', round: 2, parent_job_id: first.id, selection: { by: 'human' } },
      });
      const chosen = await test.call<{ images: { caption: string; file_name: string }[] }>(
        'GET',
        `/v1/datasets/${job.config.style_ref.dataset_id}`,
      );
      expect(chosen.images.map(({ caption, file_name }) => [caption, file_name])).toEqual([['a cat', 'candidate-1.png']]);
      const best = subjects.map(
        (wanted) => candidates.filter(({ subject }) => subject === wanted).sort((a, b) => b.clip_score! - a.clip_score!)[0]!.index,
      );
      const byClip = await test.call<TrainingJobBody>('POST', '/v1/training-jobs', {
        ...second,
        styledrop: round('clip', { include_reference: true }),
      });
      const images = await test.call<{ images: { file_name: string }[] }>('GET', `/v1/datasets/${byClip.config.style_ref.dataset_id}`);
      expect(images.images.map(({ file_name }) => file_name)).toEqual(['200.png', ...best.map((index) => `candidate-${index}.png`)]);
      await test.untilFinished(byClip.id);
    },
    patience,
  );

  it('generates with two scales', { timeout: patience }, async () => {
    const body = { model: first.id, prompts: ['a dog in [V] style'], steps: 2, style_guidance: 2, text_guidance: 3, wait: 60 };
    const { id } = await test.call<{ id: string }>('POST', '/v1/images/generations', body);
    const made = await test.generated(id);
    expect(made).toMatchObject({
      status: 'succeeded',
      config: { prompts: ['a dog in disc painting style'], style_guidance: 2, text_guidance: 3 },
    });
  });
});
