// A service whose machine has no base model: the object store has one, which the API lists and the worker fetches.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseModelBody } from '@styleforge/contracts';
import { filesBelow } from '@styleforge/model-files';
import { createObjectStore, publishBaseModel, withdrawBaseModel } from '@styleforge/storage';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestService } from './service.ts';
import { makeTinyBaseModel } from './tiny-base-model.ts';

const patience = 300_000;
let test: TestService;

beforeAll(async () => {
  test = await TestService.create({});
});
afterAll(() => test.remove());

const listed = async () => (await test.call<{ data: BaseModelBody[] }>('GET', '/v1/base-models')).data;

it(
  'trains and generates with a base model that exists only in the store',
  async () => {
    const source = join(test.directory, 'elsewhere');
    await makeTinyBaseModel(source);
    const store = await createObjectStore({ kind: 'files', directory: join(test.directory, 'data', 'objects') });
    await publishBaseModel(store, 'tiny', { directory: source, paths: await filesBelow(source) });
    await rm(source, { recursive: true });
    await expect.poll(async () => (await listed()).map(({ name }) => name), { timeout: 60_000, interval: 500 }).toEqual(['tiny']);
    expect((await listed())[0]?.size_bytes).toBeGreaterThan(10_000);

    const styleRef = await test.createDataset('style_ref', [0, 40, 80]);
    const aux = await test.createDataset('aux', [120, 160, 200]);
    const job = await test.createJob(styleRef, aux, { max_train_steps: 2 });
    expect(await test.untilFinished(job)).toMatchObject({ status: 'succeeded' });
    expect(await test.generate('tiny')).toMatchObject({ status: 'succeeded', images: [{}, {}] });
    expect(await test.generate(job)).toMatchObject({ status: 'succeeded', images: [{}, {}] });
    expect(await readdir(join(test.directory, 'data', 'base-models'))).toHaveLength(1);

    await withdrawBaseModel(store, 'tiny');
    await expect.poll(listed, { timeout: 60_000, interval: 500 }).toEqual([]);
  },
  patience,
);
