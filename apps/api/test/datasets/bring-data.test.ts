// Captions from files beside the images, images from URLs, and the images of a dataset by pages.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildApp } from '@styleforge/api';
import type { DatasetImageBody, UploadResponse } from '@styleforge/contracts';
import { zipFile } from '@styleforge/testing';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiFixture, multipartBody, picture, startApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
beforeAll(async () => (api = await startApiFixture()));
afterAll(() => api.close());

const text = (file: string, words: string) => ({ file, bytes: Buffer.from(words), type: 'text/plain' });
const image = async (file: string, seed: number) => ({ file, bytes: await picture(seed), type: 'image/png' });

async function newDataset(): Promise<string> {
  return (await api.call<{ id: string }>('POST', '/v1/datasets', { body: { name: 'brought', kind: 'style_ref' } })).body.id;
}
const upload = async (id: string, parts: Parameters<typeof multipartBody>[0]) =>
  (await api.call<UploadResponse>('POST', `/v1/datasets/${id}/images`, multipartBody(parts))).body;
async function captionsOf(id: string): Promise<Record<string, string | null>> {
  const { body } = await api.call<{ data: DatasetImageBody[] }>('GET', `/v1/datasets/${id}/images`);
  return Object.fromEntries(body.data.map(({ file_name, caption }) => [file_name, caption]));
}

describe('caption files', () => {
  it('apply to the images with the same names, uploaded before or after, and override the field', async () => {
    const id = await newDataset();
    const result = await upload(id, [
      text('a.txt', ' a red fox\n'),
      { field: 'caption', value: 'for all' },
      await image('a.png', 1),
      await image('b.png', 2),
      text('b.caption', 'two bears'),
      await image('c.png', 3),
    ]);
    expect([result.kept, result.captions, result.refused]).toEqual([3, 2, 0]);
    expect(result.files.flatMap((file) => (file.status === 'kept' ? [file.image.caption] : []))).toEqual([
      'a red fox',
      'two bears',
      'for all',
    ]);
    expect(await captionsOf(id)).toEqual({ 'a.png': 'a red fox', 'b.png': 'two bears', 'c.png': 'for all' });
    const later = await upload(id, [
      text('metadata.jsonl', '{"file_name": "c.png", "text": "three cats"}\n\n{"file_name": "a.png", "caption": "a fox"}'),
    ]);
    expect([later.kept, later.captions]).toEqual([0, 1]);
    expect(await captionsOf(id)).toEqual({ 'a.png': 'a fox', 'b.png': 'two bears', 'c.png': 'three cats' });
  });

  it('are found in the folders of an archive', async () => {
    const id = await newDataset();
    const zip = zipFile([
      { name: 'set/1.png', bytes: await picture(4) },
      { name: 'set/1.txt', bytes: Buffer.from('a house') },
      { name: 'other/1.txt', bytes: Buffer.from('not this') },
      { name: 'set/2.png', bytes: await picture(5) },
      { name: 'set/metadata.jsonl', bytes: Buffer.from('{"file_name": "2.png", "prompt": "a tree"}') },
    ]);
    const result = await upload(id, [{ file: 'all.zip', bytes: zip, type: 'application/zip' }]);
    expect([result.kept, result.captions, result.refused]).toEqual([2, 2, 1]);
    expect(await captionsOf(id)).toEqual({ 'set/1.png': 'a house', 'set/2.png': 'a tree' });
  });

  it('are read as Windows and macOS write them, and match the full name of their image', async () => {
    const id = await newDataset();
    const file = (name: string, bytes: Buffer) => ({ file: name, bytes, type: 'text/plain' });
    const result = await upload(id, [
      await image('a.png', 30),
      await image('b.png', 31),
      await image('u\u0308.png', 32),
      file('a.txt', Buffer.from('\ufeffa föhn', 'utf16le')),
      file('b.png.txt', Buffer.from('\ufefftwo lines\r\n')),
      file('\u00fc.txt', Buffer.from('composed')),
    ]);
    expect([result.kept, result.captions, result.refused]).toEqual([3, 3, 0]);
    expect(await captionsOf(id)).toEqual({ 'a.png': 'a föhn', 'b.png': 'two lines', 'u\u0308.png': 'composed' });
  });

  it('in lists have paths of Windows and of folders, numbers of Python, and no text for images without a caption', async () => {
    const id = await newDataset();
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) await upload(id, [await image(`${name}.png`, 40 + i)]);
    const lines = [
      '\ufeff{"file_name": ".\\\\a.png", "text": "a fox", "score": NaN}',
      '{"file_name": "train/b.png", "text": "a bear"}',
      '{"file_name": "c.png", "text": null}',
      '{"image": "images\\\\d.png", "prompt": "a cat"}',
    ];
    expect(await upload(id, [text('metadata.jsonl', lines.join('\r\n'))])).toMatchObject({ captions: 1, refused: 0 });
    expect(await captionsOf(id)).toEqual({ 'a.png': 'a fox', 'b.png': 'a bear', 'c.png': null, 'd.png': 'a cat' });
  });

  it.each(['metadata.csv', 'captions.json', 'train.parquet'])('in %s are refused with the format that is read', async (name) => {
    const { files } = await upload(await newDataset(), [text(name, 'file_name,text')]);
    expect(files).toMatchObject([{ status: 'refused', code: 'invalid_caption', detail: expect.stringContaining('write metadata.jsonl') }]);
  });

  it('are refused with the reason, while the images are kept', async () => {
    const id = await newDataset();
    const { files, kept } = await upload(id, [
      await image('a.png', 6),
      text('a.txt', ''),
      text('b.txt', 'nothing has this name'),
      { file: 'c.txt', bytes: Buffer.from([0xff, 0xfe, 0x00]), type: 'text/plain' },
      text('metadata.jsonl', '{"file_name": "a.png"}'),
      text('d.txt', 'x'.repeat(1001)),
    ]);
    expect(kept).toBe(1);
    expect(files.flatMap((file) => (file.status === 'refused' ? [[file.file_name, file.code]] : []))).toEqual([
      ['a.txt', 'invalid_caption'],
      ['c.txt', 'invalid_caption'],
      ['metadata.jsonl', 'invalid_caption'],
      ['d.txt', 'invalid_caption'],
      ['b.txt', 'no_image_for_caption'],
    ]);
  });

  it('can be uploaded in a request of their own', async () => {
    const id = await newDataset();
    expect(await upload(id, [text('alone.txt', 'alone')])).toMatchObject({ kept: 0, captions: 0, refused: 1 });
  });
});

describe('masks', () => {
  const transparent = async (share: number): Promise<Buffer> => {
    const pixels = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (i % 4 < 3 ? (i * 7) % 256 : (i >> 2) % 64 < share * 64 ? 255 : 0));
    return sharp(pixels, { raw: { width: 64, height: 64, channels: 4 } })
      .png()
      .toBuffer();
  };

  it('are alpha channels, or files next to images, of the same size', async () => {
    const id = await newDataset();
    const result = await upload(id, [
      { file: 'cut.png', bytes: await transparent(0.5), type: 'image/png' },
      { file: 'opaque.png', bytes: await transparent(1), type: 'image/png' },
      await image('late.mask.png', 31),
      await image('late.png', 32),
      await image('one.png', 33),
      await image('one-masklabel.png', 34),
      await image('none.mask.png', 35),
      { file: 'opaque.mask.png', bytes: await picture(36, 'png', 32), type: 'image/png' },
    ]);
    expect([result.kept, result.masks, result.refused]).toEqual([4, 2, 2]);
    expect(result.files.flatMap((file) => (file.status === 'refused' ? [[file.file_name, file.code]] : []))).toEqual([
      ['none.mask.png', 'unusable_mask'],
      ['opaque.mask.png', 'unusable_mask'],
    ]);
    const { body } = await api.call<{ data: DatasetImageBody[] }>('GET', `/v1/datasets/${id}/images`);
    expect(Object.fromEntries(body.data.map(({ file_name, has_mask }) => [file_name, has_mask]))).toEqual({
      ...{ 'cut.png': true, 'opaque.png': false, 'late.png': true, 'one.png': true },
    });
    const masks = async (): Promise<string[]> => {
      const keys: string[] = [];
      for await (const { key } of api.objectStore.list('')) if (key.includes(`${id}/masks/`)) keys.push(key);
      return keys;
    };
    expect(await masks()).toHaveLength(3);
    await upload(id, [await image('one.mask.png', 37)]);
    expect(await masks()).toHaveLength(3);
    for (const { id: imageId } of body.data) expect((await api.call('DELETE', `/v1/images/${imageId}`)).status).toBe(204);
    expect(await masks()).toEqual([]);
  });

  it('are required by a job that uses them, which is refused without them', async () => {
    const id = await newDataset();
    const large = async (file: string, seed: number) => ({ file, bytes: await picture(seed, 'png', 64), type: 'image/png' });
    await upload(id, [await large('1.png', 41), await large('2.png', 42), await large('3.png', 43)]);
    const job = {
      ...{ method: 'lora', base_model: 'tiny', style_ref: { dataset_id: id } },
      hyperparameters: { resolution: 32, masked_loss: true, use_captions: false },
    };
    const refused = await api.call<{ errors: { pointer: string; detail: string }[] }>('POST', '/v1/training-jobs', { body: job });
    expect([refused.status, refused.body.errors[0]?.pointer]).toEqual([422, '/hyperparameters/masked_loss']);
    await upload(id, [await large('2.mask.png', 44)]);
    expect((await api.call('POST', '/v1/training-jobs', { body: job })).status).toBe(202);
  });
});

describe('the images of a dataset', () => {
  it('are returned in pages, the first uploaded first', async () => {
    const id = await newDataset();
    await upload(id, [await image('1.png', 7), await image('2.png', 8), await image('3.png', 9)]);
    type Page = { data: DatasetImageBody[]; has_more: boolean; next: string };
    const first = (await api.call<Page>('GET', `/v1/datasets/${id}/images?limit=2`)).body;
    const second = (await api.call<Page>('GET', `/v1/datasets/${id}/images?limit=2&after=${first.next}`)).body;
    expect([...first.data, ...second.data].map(({ file_name }) => file_name)).toEqual(['1.png', '2.png', '3.png']);
    expect([first.has_more, second.has_more, second.next]).toEqual([true, false, null]);
  });
});

describe('images from URLs', () => {
  let server: Server;
  let origin: string;
  let open: Awaited<ReturnType<typeof buildApp>>;
  const asked: string[] = [];

  beforeAll(async () => {
    const png = await picture(20);
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const path = request.url ?? '';
      if (path.startsWith('/image')) return void response.writeHead(200, { 'content-type': 'image/png' }).end(png);
      if (path === '/moved') return void response.writeHead(302, { location: '/image-moved.png' }).end();
      if (path === '/loop') return void response.writeHead(302, { location: '/loop' }).end();
      if (path === '/inside') return void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
      if (path === '/words') return void response.end('these are words');
      if (path === '/huge') return void response.writeHead(200, { 'content-length': 26 * 1024 * 1024 }).end();
      if (path === '/endless') {
        response.writeHead(200);
        const chunk = Buffer.alloc(1024 * 1024);
        const write = () => response.write(chunk, () => response.destroyed || write());
        return void write();
      }
      response.writeHead(404).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    open = await buildApp({ ...api.options, webhookNetworks: ['127.0.0.1/32'] });
  });
  afterAll(async () => {
    await open.close();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  async function importAll(app: ApiFixture['app'], images: object[]): Promise<{ id: string; result: UploadResponse }> {
    const id = await newDataset();
    const headers = { authorization: `Bearer ${api.key}` };
    const response = await app.inject({ method: 'POST', url: `/v1/datasets/${id}/import`, headers, payload: { images } });
    expect(response.statusCode).toBe(200);
    return { id, result: response.json<UploadResponse>() };
  }

  it('are downloaded, also through redirects, and labelled', async () => {
    const { id, result } = await importAll(open, [
      { url: `${origin}/image%20one.png`, caption: 'a disc', component: 'person' },
      { url: `${origin}/moved`, file_name: 'moved.png' },
    ]);
    // The same bytes twice: the second is a duplicate, found after the redirect was followed.
    expect(result).toMatchObject({ kept: 1, refused: 1 });
    expect(result.files).toMatchObject([
      { file_name: 'image one.png', status: 'kept', image: { caption: 'a disc', component: 'person' } },
      { file_name: 'moved.png', status: 'refused', code: 'duplicate' },
    ]);
    expect(await captionsOf(id)).toEqual({ 'image one.png': 'a disc' });
  });

  it('are refused one by one, each with its reason', async () => {
    const paths = ['words', 'missing', 'loop', 'huge', 'endless', 'inside'];
    const { result } = await importAll(
      open,
      paths.map((path) => ({ url: `${origin}/${path}` })),
    );
    expect(result.files.map((file) => file.status === 'refused' && [file.file_name, file.code])).toEqual([
      ['words', 'unsupported_format'],
      ['missing', 'not_reachable'],
      ['loop', 'not_reachable'],
      ['huge', 'too_many_bytes'],
      ['endless', 'too_many_bytes'],
      ['inside', 'not_reachable'],
    ]);
  });

  it('are never downloaded from internal addresses, whatever their name, and no response shows which of these exist', async () => {
    const before = asked.length;
    const inside = [
      `${origin}/image.png`,
      `http://localhost:${new URL(origin).port}/image.png`,
      'http://[::1]/image.png',
      'http://10.0.0.1/x',
    ];
    const { result } = await importAll(
      api.app,
      inside.map((url) => ({ url })),
    );
    const details = new Set(result.files.map((file) => file.status === 'refused' && `${file.code}: ${file.detail}`));
    expect([...details]).toEqual(['not_reachable: cannot be reached']);
    expect(asked.length).toBe(before);
  });

  it('must be http or https, and are limited to a hundred', async () => {
    const id = await newDataset();
    const refused = (images: object[]) =>
      api.call<{ errors: { pointer: string }[] }>('POST', `/v1/datasets/${id}/import`, { body: { images } });
    expect((await refused([{ url: 'file:///etc/passwd' }])).body.errors[0]?.pointer).toBe('/images/0/url');
    expect((await refused(Array.from({ length: 101 }, () => ({ url: 'https://example.com/a.png' })))).status).toBe(422);
  });
});
