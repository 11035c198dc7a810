// Base models on the disk that are not as they must be: the others continue, and the error says what to repair.
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildApp } from '@styleforge/api';
import { writeBaseModelConfigs } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiFixture, createDataset, startApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let directory: string;
let app: ApiFixture['app'];
let dataset: string;
beforeAll(async () => {
  api = await startApiFixture();
  directory = await mkdtemp(path.join(tmpdir(), 'styleforge-base-models-'));
  await writeBaseModelConfigs(path.join(directory, 'whole'));
  await writeBaseModelConfigs(path.join(directory, 'no-json'), { 'vae/config.json': '{"block_out_channels": [16' });
  await writeBaseModelConfigs(path.join(directory, 'wrong-type'), {
    'unet/config.json': { sample_size: 16, in_channels: 'four', cross_attention_dim: 48 },
  });
  await writeBaseModelConfigs(path.join(directory, 'wrong-profile'), { 'styleforge.json': { resolution: 63 } });
  await writeBaseModelConfigs(path.join(directory, 'cut'));
  await writeBaseModelConfigs(path.join(directory, 'inpainting'), { 'vae/config.json': { block_out_channels: [16], latent_channels: 8 } });
  await writeBaseModelConfigs(path.join(directory, 'few-timesteps'), { 'scheduler/scheduler_config.json': { num_train_timesteps: 20 } });
  await writeBaseModelConfigs(path.join(directory, 'pointer'), {
    'tokenizer/merges.txt': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n',
  });
  await rm(path.join(directory, 'cut/text_encoder'), { recursive: true });
  await writeFile(path.join(directory, 'notes.txt'), 'no base model');
  await symlink('notes.txt', path.join(directory, 'link-to-notes'));
  await symlink('nowhere', path.join(directory, 'link-to-nowhere'));
  app = await buildApp({ ...api.options, baseModelsDirectory: directory });
  dataset = await createDataset(api, 'style_ref', [{ seeds: [1, 2, 3] }]);
});
afterAll(async () => {
  await app.close();
  await api.close();
  await rm(directory, { recursive: true, force: true });
});

type Answer = Awaited<ReturnType<typeof post>>;
const headers = () => ({ authorization: `Bearer ${api.key}` });
const post = (url: string, payload: object) => app.inject({ method: 'POST', url, headers: headers(), payload });
const job = (base_model: string) => ({ method: 'single-styleforge', base_model, style_ref: { dataset_id: dataset } });

it('configs as Python writes them, and without optional fields, are accepted with the defaults of diffusers', async () => {
  await writeBaseModelConfigs(path.join(directory, 'sparse'), {
    'text_encoder/config.json': '\ufeff{"hidden_size": 48, "max_position_embeddings": null}',
    'scheduler/scheduler_config.json': '{"prediction_type": null, "lambda_min_clipped": -Infinity, "unused": NaN}',
  });
  const answer = await app.inject({ url: '/v1/base-models/sparse', headers: headers() });
  expect(answer.json()).toMatchObject({ resolution: 64, geometry: { text_max_length: 77, prediction_type: 'epsilon' } });
  await rm(path.join(directory, 'sparse'), { recursive: true });
});

it('a training prompt whose token the text encoder would never see is refused, and truncation is reported', async () => {
  const prompted = (prompt: string) => ({
    ...job('whole'),
    style_ref: { dataset_id: dataset, components: [{ name: 'all', token: 'v1.5', prompt }] },
  });
  expect((await post('/v1/training-jobs', prompted('a picture in [V]-style'))).statusCode).toBe(202);
  const answer = (await post('/v1/training-jobs', prompted(`${'word '.repeat(40)}v1.5 style`))).json<{ errors: object[] }>();
  expect(answer.errors).toEqual([
    {
      pointer: '/style_ref/components/0/prompt',
      detail: expect.stringMatching(/77 positions.*token v1\.5 is cut off, together with '.*style'/),
    },
  ]);
});

it('a token that the base model knows already is refused at its field, except in the descriptor of StyleDrop', async () => {
  await writeBaseModelConfigs(path.join(directory, 'wordy'));
  const tokenizer = fileURLToPath(new URL('../../../../models/styleforge-mini/tokenizer', import.meta.url));
  await cp(tokenizer, path.join(directory, 'wordy/tokenizer'), { recursive: true });
  const named = (token: string) => ({ ...job('wordy'), style_ref: { dataset_id: dataset, components: [{ name: 'all', token }] } });
  const pointer = '/style_ref/components/0/token';
  const detail = "is read as 'style', which the base model knows already: take a rare one such as zwx, ukj or sks";
  for (const url of ['/v1/training-jobs', '/v1/training-jobs/check'])
    expect((await post(url, named('mystyle'))).json()).toMatchObject({ status: 422, errors: [{ pointer, detail }] });
  expect((await post('/v1/training-jobs/check', named('sks'))).statusCode).toBe(200);
  const described = { ...job('wordy'), method: 'styledrop', style_ref: {}, styledrop: { style: 'style' } };
  expect((await post('/v1/training-jobs/check', described)).statusCode).toBe(200);
  await rm(path.join(directory, 'wordy'), { recursive: true });
});

it('a broken base model does not hide the others in the list', async () => {
  const answer = await app.inject({ url: '/v1/base-models', headers: headers() });
  expect(answer.statusCode).toBe(200);
  expect(answer.json<{ data: { name: string }[] }>().data.map(({ name }) => name)).toEqual(['whole']);
  expect((await app.inject({ url: '/v1/base-models/whole', headers: headers() })).json()).toEqual(
    answer.json<{ data: object[] }>().data[0],
  );
  expect((await app.inject({ url: '/v1/base-models/nowhere', headers: headers() })).json()).toMatchObject({
    status: 404,
    detail: 'There is no base model nowhere.',
  });
  expect((await post('/v1/training-jobs', job('whole'))).statusCode).toBe(202);
  expect((await post('/v1/training-jobs', job('nowhere'))).json()).toMatchObject({
    code: 'unknown_base_model',
    detail: expect.stringContaining('installed: whole'),
  });
});

describe('a request that names a broken base model', () => {
  it.each([
    ['no-json', /no-json\/vae\/config\.json is not valid JSON \(/],
    ['wrong-type', /wrong-type\/unet\/config\.json cannot be used: .*'in_channels'/],
    ['inpainting', /inpainting\/unet\/config\.json has in_channels 4, and 8 are the VAE's latent_channels/],
    ['few-timesteps', /few-timesteps\/scheduler\/scheduler_config\.json cannot be used: .*num_train_timesteps is 20/],
    ['pointer', /pointer\/tokenizer\/merges\.txt is a Git LFS pointer/],
    ['wrong-profile', /wrong-profile\/styleforge\.json is not valid \(resolution: /],
    ['cut', /cut\/text_encoder\/config\.json is missing\./],
  ])('is refused with the broken file and a remedy: %s', async (name, fault) => {
    const requests: [string, object][] = [
      ['/v1/training-jobs', job(name)],
      ['/v1/images/generations', { model: name, prompts: ['a cat'] }],
      ['/v1/evaluations', { model: name, reference_dataset_id: dataset, prompts: ['a cat', 'a house'] }],
    ];
    const answers: [string, Answer][] = [['GET', await app.inject({ url: `/v1/base-models/${name}`, headers: headers() })]];
    for (const [url, body] of requests) answers.push([url, await post(url, body)]);
    for (const [url, answer] of answers) {
      const problem = answer.json<{ code: string; status: number; detail: string }>();
      expect([url, problem]).toMatchObject([url, { code: 'unusable_base_model', status: 422, detail: expect.stringMatching(fault) }]);
      expect(problem.detail).toMatch(/npm run base-models -- add/);
      expect(problem.detail).not.toContain(directory);
    }
  });

  it('is accepted as soon as the model has been repaired', async () => {
    await writeBaseModelConfigs(path.join(directory, 'cut'));
    expect((await post('/v1/training-jobs', job('cut'))).statusCode).toBe(202);
  });
});
