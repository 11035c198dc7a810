// A dataset may have got further images since its job was taken: what a worker makes of them, with a real database and object store.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { METHOD_HYPERPARAMETERS } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { createObjectStore, datasetImageKey, type ObjectStore } from '@styleforge/storage';
import { discPicture, startTestDatabase, type TestDatabase, trainingConfig } from '@styleforge/testing';
import { downloadTrainingInputs, failureOf } from '@styleforge/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';

let directory: string;
let fixture: TestDatabase;
let objectStore: ObjectStore;
let projectId: string;
let datasetId: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-inputs-'));
  fixture = await startTestDatabase();
  objectStore = await createObjectStore({ kind: 'files', directory: join(directory, 'objects') });
  ({ projectId } = await fixture.database.apiKeys.createProject('test'));
  ({ id: datasetId } = await fixture.database.datasets.create(projectId, { name: 'style', kind: 'style_ref' }));
});
afterAll(async () => {
  await fixture.close();
  await rm(directory, { recursive: true, force: true });
});

async function addImage(fileName: string, hue: number, height = 64): Promise<void> {
  const [id, png] = [newId('image'), await discPicture(hue)];
  const objectKey = datasetImageKey(projectId, datasetId, id);
  await objectStore.put(objectKey, png);
  const sha256 = createHash('sha256').update(png).digest('hex');
  await fixture.database.images.add(
    { id, projectId, datasetId, fileName, component: null, caption: 'a disc', width: 64, height, sizeBytes: png.length, sha256, objectKey },
    10,
  );
}

const inputs = () =>
  downloadTrainingInputs(
    projectId,
    trainingConfig(datasetId, { hyperparameters: { ...METHOD_HYPERPARAMETERS, resolution: 64 } }),
    join(directory, 'images'),
    { database: fixture.database, objectStore },
  );

it('refuses inputs that cannot be trained on, with the code of the failure, and fetches the others', async () => {
  for (const hue of [0, 90]) await addImage(`${hue}.png`, hue);
  expect(failureOf(await inputs().catch((error: unknown) => error))).toEqual({
    code: 'too_few_images',
    message: expect.stringMatching(/^\/style_ref\/dataset_id: the component all has 2 images/) as string,
    retryable: false,
  });
  await addImage('180.png', 180);
  const { styleRef, aux, reference } = await inputs();
  expect([
    styleRef.map(({ token, images }) => [token, images.map(({ fileName, caption }) => [fileName, caption])]),
    aux,
    reference,
  ]).toEqual([
    [
      [
        'zwx',
        [
          ['0.png', 'a disc'],
          ['90.png', 'a disc'],
          ['180.png', 'a disc'],
        ],
      ],
    ],
    null,
    [],
  ]);
  expect(await readFile(styleRef[0]?.images[2]?.path ?? '')).toEqual(await discPicture(180));
  await addImage('Mine (2).png', 270, 40);
  expect(failureOf(await inputs().catch((error: unknown) => error))).toMatchObject({
    code: 'image_too_small',
    message: expect.stringContaining('Mine (2).png is 64x40 pixels, too small for hyperparameters.resolution 64'),
  });
});
