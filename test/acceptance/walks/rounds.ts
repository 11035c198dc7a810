// StyleDrop's two rounds: one image, candidates, a choice, and a second adapter trained on it.
import { expect } from 'vitest';
import type { Json } from '../client.ts';
import { create, MEASURED, newDataset, ok, type Place, remove, succeeded } from './place.ts';

export async function walkRounds({ client, baseModel }: Place): Promise<void> {
  const dataset = await newDataset(client, 'style_ref', [200]);
  const [image] = await client.list(`/v1/datasets/${dataset}/images`);
  await ok(client, 'PUT', `/v1/datasets/${dataset}/captions`, { body: { captions: [{ image_id: image?.id, caption: 'a disc' }] } });
  const shared = {
    method: 'styledrop',
    base_model: baseModel.name,
    hyperparameters: { resolution: baseModel.resolution, max_train_steps: 2, train_batch_size: 1 },
  };
  const candidates = { prompts: ['a cat'], images_per_prompt: 2, clip_extractor: MEASURED.clip_extractor };
  const first = await create(client, '/v1/training-jobs', {
    ...shared,
    style_ref: { dataset_id: dataset },
    styledrop: { style: 'disc painting', candidates },
  });
  const done = await succeeded(client, `/v1/training-jobs/${first.id}`);
  const { generation_id } = (done['result'] as { candidates: { generation_id: string } }).candidates;
  await succeeded(client, `/v1/images/generations/${generation_id}`);
  const url = `/v1/training-jobs/${first.id}/feedback`;
  const pool = (await ok(client, 'GET', url)).body['candidates'] as { image_id: string }[];
  const items = [{ image_id: pool[1]?.image_id, verdict: 'keep' }];
  expect((await ok(client, 'PUT', url, { body: { items } })).body).toMatchObject({ of: 2, counts: { keep: 1, drop: 0, undecided: 1 } });
  const styledrop = { round: 2, parent_job_id: first.id, selection: { by: 'human' } };
  const second = await create(client, '/v1/training-jobs', { ...shared, styledrop });
  const chosen = (second['config'] as { style_ref: { dataset_id: string } }).style_ref.dataset_id;
  expect((await client.list<Json>(`/v1/datasets/${chosen}/images`)).map((one) => one['caption'])).toEqual(['a cat']);
  await succeeded(client, `/v1/training-jobs/${second.id}`);
  await remove(client, `/v1/training-jobs/${second.id}`);
}
