// Files sent by a link, straight to the object store where it signs links, and named in a dataset afterwards.
import { UPLOAD_LIMITS } from '@styleforge/contracts';
import { startApi } from '@styleforge/api';
import { clientOf } from '@styleforge/database/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDataset, picture, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let running: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  api = await startApiFixture();
  running = await startApi({ ...api.options, host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await running.close();
  await api.close();
});

type Upload = { id: string; url: string; method: string };
const makeUpload = async (file_name = 'a.png') => (await api.call<Upload>('POST', '/v1/uploads', { body: { file_name } })).body;
const send = (upload: Upload, bytes: Uint8Array) =>
  fetch(new URL(upload.url, running.url), { method: upload.method, body: bytes as Uint8Array<ArrayBuffer> });
type Imported = { kept: number; files: { file_name: string; status: string; code?: string }[] };
const importOf = async (dataset: string, images: object[], key?: string) =>
  (await api.call<Imported>('POST', `/v1/datasets/${dataset}/import`, { body: { images }, ...(key && { key }) })).body;

it('accepts a file without a key, once, into a dataset, and leaves nothing behind', async () => {
  const dataset = await createDataset(api, 'style_ref', []);
  const upload = await makeUpload();
  expect(upload.url.startsWith(api.objectStore.presignPut ? 'http' : '/uploads/')).toBe(true);
  expect((await send(upload, await picture(1))).status).toBe(200);
  const taken = await importOf(dataset, [{ upload_id: upload.id, caption: 'a lighthouse' }]);
  expect(taken).toMatchObject({ kept: 1, files: [{ file_name: 'a.png', status: 'kept', image: { caption: 'a lighthouse', width: 24 } }] });
  expect(await importOf(dataset, [{ upload_id: upload.id }])).toMatchObject({
    kept: 0,
    files: [{ status: 'refused', code: 'not_reachable' }],
  });
  expect(await api.objectStore.head(`projects/${api.projectId}/uploads/${upload.id}`)).toBeNull();
});

it('checks the file like every upload', async () => {
  const dataset = await createDataset(api, 'style_ref', []);
  const [text, missing] = [await makeUpload('text.png'), await makeUpload('missing.png')];
  expect((await send(text, Buffer.from('no image'))).status).toBe(200);
  const { kept, files } = await importOf(dataset, [{ upload_id: text.id }, { upload_id: missing.id }]);
  expect([kept, files.map(({ file_name, status }) => [file_name, status])]).toEqual([
    0,
    [
      ['text.png', 'refused'],
      ['missing.png', 'refused'],
    ],
  ]);
  const both = await api.call('POST', `/v1/datasets/${dataset}/import`, {
    body: { images: [{ upload_id: text.id, url: 'https://example.com/a.png' }] },
  });
  expect([both.status, both.body['code']]).toEqual([422, 'validation_failed']);
});

it('belongs to its project', async () => {
  const { projectId } = await api.database.apiKeys.createProject('other');
  const { key } = await api.database.apiKeys.create(projectId, 'other');
  const upload = await makeUpload();
  await send(upload, await picture(2));
  const dataset = await api.call<{ id: string }>('POST', '/v1/datasets', { body: { name: 'x', kind: 'aux' }, key });
  expect(await importOf(dataset.body.id, [{ upload_id: upload.id }], key)).toMatchObject({ kept: 0, files: [{ code: 'not_reachable' }] });
});

it('refuses an expired link, and a file that is too large for a link', async () => {
  if (api.objectStore.presignPut) return;
  const upload = await makeUpload();
  expect((await send(upload, new Uint8Array(UPLOAD_LIMITS.fileBytes + 1))).status).toBe(413);
  await clientOf(api.database).pendingUpload.update({ where: { id: upload.id }, data: { expiresAt: new Date(Date.now() - 1) } });
  expect((await send(upload, await picture(3))).status).toBe(404);
});
