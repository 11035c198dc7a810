// How an image comes back from each kind of store: streamed with ranges from files, by a signed link from S3.
import { buildApp } from '@styleforge/api';
import { createObjectStore, datasetImageKey } from '@styleforge/storage';
import { startS3, type TestS3Server } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, picture, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let s3: TestS3Server;
let imageUrl: string;
let objectKey: string;

beforeAll(async () => {
  api = await startApiFixture();
  s3 = await startS3();
  const dataset = await createDataset(api, 'style_ref', [{ seeds: [5] }]);
  const [image] = await api.database.images.listByDataset(api.projectId, dataset);
  if (!image) throw new Error('the picture should be there');
  imageUrl = `/v1/images/${image.id}`;
  objectKey = datasetImageKey(api.projectId, dataset, image.id);
  expect(image.objectKey).toBe(objectKey);
});
afterAll(async () => {
  await s3.stop();
  await api.close();
});

describe('a download from files', () => {
  const get = (headers: Record<string, string> = {}) => api.call('GET', imageUrl, { headers });

  it('is complete, has a tag, and is not sent again to a caller that has it', async () => {
    const { status, headers, bytes } = await get();
    expect([status, headers['content-type'], headers['accept-ranges'], bytes.length]).toEqual([
      200,
      'image/png',
      'bytes',
      Number(headers['content-length']),
    ]);
    expect((await get({ 'if-none-match': String(headers['etag']) })).status).toBe(304);
  });

  it('continues in parts as long as the file is the same', async () => {
    const whole = await get();
    const etag = String(whole.headers['etag']);
    const part = await get({ range: 'bytes=4-9', 'if-range': etag });
    expect([part.status, part.headers['content-range'], part.bytes]).toEqual([
      206,
      `bytes 4-9/${whole.bytes.length}`,
      whole.bytes.subarray(4, 10),
    ]);
    expect((await get({ range: 'bytes=-5' })).bytes).toEqual(whole.bytes.subarray(-5));
    expect((await get({ range: 'bytes=4-9', 'if-range': '"another"' })).status).toBe(200);
    expect((await get({ range: 'bytes=99999999-' })).status).toBe(416);
  });
});

describe('a download from S3', () => {
  async function getThrough(downloads: 'redirect' | 'stream', headers: Record<string, string> = {}) {
    const store = await createObjectStore({ kind: 's3', ...s3.settings, downloads });
    await store.put(objectKey, await picture(5));
    const app = await buildApp({ ...api.options, objectStore: store });
    const answer = await app.inject({ method: 'GET', url: imageUrl, headers: { authorization: `Bearer ${api.key}`, ...headers } });
    await app.close();
    return answer;
  }

  it('uses a link that works without a key, honours ranges, and is not cached longer than it works', async () => {
    const answer = await getThrough('redirect');
    expect([answer.statusCode, answer.headers['cache-control'], answer.headers['etag']]).toEqual([302, 'private, max-age=1800', undefined]);
    const link = String(answer.headers['location']);
    expect(link).toMatch(/X-Amz-Expires=3600/);
    const file = await fetch(link);
    expect([file.status, file.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(Buffer.from(await file.arrayBuffer())).toEqual(await picture(5));
    expect((await fetch(link, { headers: { range: 'bytes=4-9' } })).status).toBe(206);
  });

  it('goes through the API if links are switched off', async () => {
    const { statusCode, headers, rawPayload } = await getThrough('stream', { range: 'bytes=4-9' });
    expect([statusCode, headers['location']]).toEqual([206, undefined]);
    expect(rawPayload).toEqual((await picture(5)).subarray(4, 10));
  });
});
