// An API with two datasets, and requests for training jobs on them.
import { type TrainingJobBody } from '@styleforge/contracts';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import { type ApiFixture } from '../api-fixture.ts';

export let api: ApiFixture;
export let styleRef: string;
export let aux: string;
export async function setUp(): Promise<void> {
  api = await startApiFixture();
  styleRef = await createDataset(api, 'style_ref', [
    { component: 'person', seeds: [1, 2, 3] },
    { component: 'background', seeds: [4, 5, 6] },
  ]);
  aux = await createDataset(api, 'aux');
}

export const tearDown = (): Promise<void> => api.close();

export const request = (changes: object = {}) => ({
  method: 'single-styleforge',
  base_model: 'tiny',
  style_ref: { dataset_id: styleRef },
  aux: { dataset_id: aux },
  ...changes,
});

export const post = (body: object) => api.call<TrainingJobBody>('POST', '/v1/training-jobs', { body });
export const create = async (changes: object = {}) => (await post(request(changes))).body;
