// Datasets and uploads: what is kept, what is refused and why, and who may see it.
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, multipartBody, picture, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await startApiFixture();
});
afterAll(() => api.close());

type Upload = {
  kept: number;
  refused: number;
  files: { file_name: string; status: string; code?: string; detail?: string; image?: { id: string; url: string } }[];
};
type Dataset = {
  id: string;
  image_count: number;
  components: { name: string | null; image_count: number }[];
  images: { id: string; component: string | null; caption: string | null; file_name: string }[];
};

const newDataset = () => createDataset(api, 'style_ref', []);
const upload = (id: string, parts: Parameters<typeof multipartBody>[0]) =>
  api.call<Upload>('POST', `/v1/datasets/${id}/images`, multipartBody(parts));
const read = async (id: string) => (await api.call<Dataset>('GET', `/v1/datasets/${id}`)).body;

async function countObjects(): Promise<number> {
  let count = 0;
  for await (const _object of api.objectStore.list('')) count++;
  return count;
}

describe('POST /v1/datasets', () => {
  it('creates a dataset that can be read, listed and deleted', async () => {
    const created = await api.call<Dataset>('POST', '/v1/datasets', { body: { name: 'Emoji', kind: 'aux' } });
    expect(created.status).toBe(201);
    expect(created.headers['location']).toBe(`/v1/datasets/${created.body.id}`);
    expect(created.body).toMatchObject({ name: 'Emoji', kind: 'aux', image_count: 0, size_bytes: 0, components: [] });
    const list = await api.call<{ data: Dataset[] }>('GET', '/v1/datasets?limit=1');
    expect(list.body.data[0]).toEqual(created.body);
    expect((await api.call('DELETE', `/v1/datasets/${created.body.id}`)).status).toBe(204);
    expect((await api.call('GET', `/v1/datasets/${created.body.id}`)).status).toBe(404);
  });

  it('points at every wrong field', async () => {
    const answer = await api.call('POST', '/v1/datasets', { body: { name: '', kind: 'other', 'a/b': 1 } });
    expect(answer.status).toBe(422);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body).toMatchObject({
      type: '/docs/errors#validation_failed',
      code: 'validation_failed',
      status: 422,
      instance: '/v1/datasets',
    });
    const pointers = (answer.body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
    expect(pointers.sort()).toEqual(['/a~1b', '/kind', '/name']);
  });
});

describe('texts', () => {
  it('are refused everywhere if no column can store them', async () => {
    for (const name of ['a\0b', 'half \ud83d']) {
      expect((await api.call('POST', '/v1/datasets', { body: { name, kind: 'aux' } })).body).toMatchObject({
        status: 422,
        errors: [{ pointer: '/name' }],
      });
    }
    expect((await api.call('GET', '/v1/datasets?after=%00')).body).toMatchObject({ status: 422, errors: [{ pointer: '/after' }] });
    expect((await api.call('POST', '/v1/datasets', { body: { name: 'whole \u{1f600}', kind: 'aux' } })).status).toBe(201);
  });
});

describe('POST /v1/datasets/{id}/images', () => {
  it('stores PNG, JPEG and WebP as clean PNG with component and caption', async () => {
    const id = await newDataset();
    const withExif = await sharp(await picture(2, 'jpeg', 40))
      .withExif({ IFD0: { Artist: 'somebody' } })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const answer = await upload(id, [
      { field: 'component', value: 'person' },
      { field: 'caption', value: 'a person' },
      { file: 'one.png', bytes: await picture(1), type: 'image/png' },
      { field: 'caption', value: '' },
      { field: 'component', value: 'background' },
      { file: 'two.jpg', bytes: withExif, type: 'image/jpeg' },
      { file: 'three.webp', bytes: await picture(3, 'webp'), type: 'application/octet-stream' },
    ]);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ kept: 3, refused: 0 });
    const dataset = await read(id);
    expect(dataset.components).toEqual([
      { name: 'background', image_count: 2 },
      { name: 'person', image_count: 1 },
    ]);
    expect(dataset.images.map(({ component, caption }) => [component, caption])).toEqual([
      ['person', 'a person'],
      ['background', null],
      ['background', null],
    ]);
    const png = await api.call('GET', answer.body.files[1]?.image?.url ?? '');
    const metadata = await sharp(png.bytes).metadata();
    expect(metadata).toMatchObject({ format: 'png', width: 40, height: 40, depth: 'uchar' });
    expect([metadata.exif, metadata.orientation]).toEqual([undefined, undefined]);
  });

  it('says for each file why it was refused, and keeps the others', async () => {
    const id = await newDataset();
    const good = await picture(10);
    const jpeg = await picture(11, 'jpeg');
    const frame = await picture(12);
    const animated = await sharp([frame, await picture(13)], { join: { animated: true } })
      .webp()
      .toBuffer();
    const huge = await sharp({ create: { width: 8000, height: 5001, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    const answer = await upload(id, [
      { file: 'good.png', bytes: good, type: 'image/png' },
      { file: 'again.png', bytes: good, type: 'image/png' },
      { file: 'text.png', bytes: Buffer.from('no picture at all'), type: 'image/png' },
      { file: 'cut.jpg', bytes: jpeg.subarray(0, jpeg.length / 2), type: 'image/jpeg' },
      { file: 'jpeg.png', bytes: jpeg, type: 'image/png' },
      { file: 'moving.webp', bytes: animated, type: 'image/webp' },
      { file: 'huge.png', bytes: huge, type: 'image/png' },
      { file: 'big.png', bytes: Buffer.alloc(25 * 1024 * 1024 + 1, good), type: 'image/png' },
      { file: 'vector.svg', bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), type: 'image/svg+xml' },
      { file: 'last.png', bytes: await picture(14), type: 'image/png' },
    ]);
    expect(answer.body).toMatchObject({ kept: 2, refused: 8 });
    expect(answer.body.files.map(({ file_name, status, code }) => [file_name, code ?? status])).toEqual([
      ['good.png', 'kept'],
      ['again.png', 'duplicate'],
      ['text.png', 'unsupported_format'],
      ['cut.jpg', 'not_an_image'],
      ['jpeg.png', 'not_what_it_says'],
      ['moving.webp', 'animated'],
      ['huge.png', 'too_many_pixels'],
      ['big.png', 'too_many_bytes'],
      ['vector.svg', 'unsupported_format'],
      ['last.png', 'kept'],
    ]);
    expect((await read(id)).image_count).toBe(2);
  });

  it('keeps nothing of a request that turns out to be invalid', async () => {
    const id = await newDataset();
    const before = await countObjects();
    const file = { file: 'one.png', bytes: await picture(20), type: 'image/png' };
    const late = await upload(id, [file, { field: 'component', value: 'person' }]);
    expect([late.status, late.body]).toMatchObject([422, { code: 'validation_failed', errors: [{ pointer: '/component' }] }]);
    const unknown = await upload(id, [file, { field: 'colour', value: 'red' }, file]);
    expect([unknown.status, unknown.body]).toMatchObject([422, { errors: [{ pointer: '/colour' }] }]);
    const badName = await upload(id, [{ field: 'component', value: 'No Spaces' }, file]);
    expect([badName.status, badName.body]).toMatchObject([422, { errors: [{ pointer: '/component' }] }]);
    const { body, headers } = multipartBody([file]);
    const cutOff = await api.call('POST', `/v1/datasets/${id}/images`, { body: body.subarray(0, -40), headers });
    expect(cutOff.status).toBe(400);
    expect((await read(id)).image_count).toBe(0);
    expect(await countObjects()).toBe(before);
  });

  it('accepts up to a thousand files, each with its own labels', async () => {
    const id = await newDataset();
    const labelled = (index: number) => [
      { field: 'component', value: 'person' },
      { field: 'caption', value: `picture ${index}` },
      { file: `${index}.png`, bytes: Buffer.from('no picture'), type: 'image/png' },
    ];
    const files = Array.from({ length: 1000 }, (_, index) => labelled(index));
    const whole = await upload(id, files.flat());
    expect([whole.status, whole.body.kept, whole.body.refused]).toEqual([200, 0, 1000]);
    const more = await upload(id, [...files, labelled(1000)].flat());
    expect(more.body).toMatchObject({
      status: 413,
      code: 'payload_too_large',
      detail: expect.stringContaining('may have at most 1000 files') as string,
    });
  });

  it('refuses other content types, an empty upload and an unknown dataset', async () => {
    const id = await newDataset();
    expect((await api.call('POST', `/v1/datasets/${id}/images`, { body: { images: [] } })).body).toMatchObject({
      code: 'unsupported_media_type',
    });
    expect((await upload(id, [])).body).toMatchObject({ code: 'invalid_request' });
    expect((await upload(id, [{ field: 'images', value: 'no file' }])).body).toMatchObject({
      errors: [{ pointer: '/images', detail: expect.stringContaining('file name') as string }],
    });
    const gone = await upload('ds_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70', [{ file: 'a.png', bytes: await picture(1), type: 'image/png' }]);
    expect(gone.body).toMatchObject({ code: 'not_found', status: 404 });
  });
});

describe('projects and keys', () => {
  it('show nothing of one project to another', async () => {
    const id = await createDataset(api, 'style_ref');
    const [image] = (await read(id)).images;
    const { projectId } = await api.database.apiKeys.createProject('other');
    const { key } = await api.database.apiKeys.create(projectId, 'other');
    for (const url of [`/v1/datasets/${id}`, `/v1/images/${image?.id}`]) {
      expect((await api.call('GET', url)).status).toBe(200);
      expect((await api.call('GET', url, { key })).status).toBe(404);
    }
    expect((await api.call('DELETE', `/v1/datasets/${id}`, { key })).status).toBe(404);
    expect((await api.call('GET', '/v1/datasets', { key })).body['data']).toEqual([]);
  });

  it('need a known key with the scope for the method', async () => {
    const missing = await api.app.inject({ method: 'GET', url: '/v1/datasets' });
    expect([missing.statusCode, missing.json()['code'], missing.headers['www-authenticate']]).toEqual([
      401,
      'unauthorized',
      'Bearer realm="styleforge"',
    ]);
    expect((await api.call('GET', '/v1/datasets', { key: 'sf_wrong' })).status).toBe(401);
    const reader = await api.database.apiKeys.create(api.projectId, 'reader', ['read']);
    expect((await api.call('GET', '/v1/datasets', { key: reader.key })).status).toBe(200);
    expect((await api.call('POST', '/v1/datasets', { key: reader.key, body: { name: 'x', kind: 'aux' } })).body).toMatchObject({
      code: 'insufficient_scope',
    });
    await api.database.apiKeys.revoke(reader.keyId);
    expect((await api.call('GET', '/v1/datasets', { key: reader.key })).status).toBe(401);
  });
});

describe('GET /v1/images/{id}', () => {
  it('sends a range, a 304 for an unchanged image, and refuses ranges outside of it', async () => {
    const id = await createDataset(api, 'style_ref', [{ seeds: [30] }]);
    const url = `/v1/images/${(await read(id)).images[0]?.id}`;
    const whole = await api.call('GET', url);
    expect([whole.status, whole.headers['content-type'], whole.headers['content-length']]).toEqual([
      200,
      'image/png',
      String(whole.bytes.length),
    ]);
    const part = await api.call('GET', url, { headers: { range: 'bytes=10-19' } });
    expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 10-19/${whole.bytes.length}`]);
    expect(part.bytes).toEqual(whole.bytes.subarray(10, 20));
    const tail = await api.call('GET', url, { headers: { range: 'bytes=-5' } });
    expect(tail.bytes).toEqual(whole.bytes.subarray(-5));
    expect((await api.call('GET', url, { headers: { range: 'bytes=9999999-' } })).status).toBe(416);
    expect((await api.call('GET', url, { headers: { 'if-none-match': String(whole.headers['etag']) } })).status).toBe(304);
  });
});
