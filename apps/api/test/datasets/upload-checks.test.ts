// Images that are not what a trainer can use as they are: made so, or refused, and nothing of a refused one is left.
import { clientOf } from '@styleforge/database/testing';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { buildApp } from '@styleforge/api';
import { FileObjectStore } from '@styleforge/storage';
import { warnNotTested, zipFile } from '@styleforge/testing';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDataset, multipartBody, picture, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await startApiFixture();
  // other tests upload at the same time
  vi.stubEnv('TMPDIR', await mkdtemp(join(tmpdir(), 'styleforge-temporary-')));
});
afterAll(async () => {
  await rm(tmpdir(), { recursive: true });
  vi.unstubAllEnvs();
  await api.close();
});

type File = {
  file_name: string;
  status: string;
  code?: string;
  detail?: string;
  image?: { id: string; url: string; thumbnail_url: string; width: number; height: number };
};
type Upload = { kept: number; refused: number; files: File[] };
async function upload(id: string, files: Record<string, Uint8Array>, type = 'application/octet-stream') {
  const parts = Object.entries(files).map(([file, bytes]) => ({ file, bytes, type }));
  return (await api.call<Upload>('POST', `/v1/datasets/${id}/images`, multipartBody(parts))).body.files;
}

async function leftBehind() {
  let objects = 0;
  for await (const _object of api.objectStore.list('')) objects++;
  const spooled = await readdir(api.uploadDirectory);
  return { objects, rows: await clientOf(api.database).image.count(), spooled };
}

function chunk(type: string, data: Buffer): Buffer {
  const [length, sum, body] = [Buffer.alloc(4), Buffer.alloc(4), Buffer.concat([Buffer.from(type, 'latin1'), data])];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A well-formed PNG of one color: small on the disk however large it says it is. */
function flatPng(width: number, height: number, extra: Buffer[] = [], rows = height): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0], 8);
  const pixels = deflateSync(Buffer.alloc(rows * (1 + Math.ceil(width / 8))), { level: 9 });
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    ...extra,
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('a refused file', () => {
  it('gets a reason of its own, and leaves nothing in database, store or temporary folder', async () => {
    const id = await createDataset(api, 'style_ref', []);
    const before = await leftBehind();
    const png = await picture(1);
    const jpeg = await picture(2, 'jpeg', 200);
    const frames = Buffer.alloc(8);
    frames.writeUInt32BE(2, 0);
    const wideJpeg = Buffer.from(jpeg);
    const frame = wideJpeg.indexOf(Buffer.from([0xff, 0xc0]));
    wideJpeg.writeUInt16BE(65_000, frame + 5);
    wideJpeg.writeUInt16BE(65_000, frame + 7);
    const files = await upload(id, {
      'bomb.png': flatPng(30_000, 30_000),
      'lies-about-its-size.png': flatPng(2 ** 31 - 1, 2 ** 31 - 1, [], 1),
      'wide.jpg': wideJpeg,
      'one-pixel-too-many.png': flatPng(8000, 5001),
      'text-bomb.png': flatPng(
        16,
        16,
        [chunk('zTXt', Buffer.concat([Buffer.from('a\0\0', 'latin1'), deflateSync(Buffer.alloc(2 ** 26), { level: 9 })]))],
        1,
      ),
      'cut.png': png.subarray(0, png.length - 40),
      'cut.jpg': jpeg.subarray(0, 700),
      'head-only.webp': (await picture(3, 'webp')).subarray(0, 20),
      'empty.png': Buffer.alloc(0),
      'gif.png': await sharp(png).gif().toBuffer(),
      'tiff.jpg': await sharp(png).tiff().toBuffer(),
      'avif.webp': await sharp(png).avif().toBuffer(),
      'webp.jpg': await picture(4, 'webp'),
      'moving.png': flatPng(16, 16, [chunk('acTL', frames)]),
      'drawing.svg': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'),
      'drawing.png': Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      'page.pdf': Buffer.from('%PDF-1.4\n'),
    });
    expect(files.map(({ file_name, code, status }) => [file_name, code ?? status])).toEqual([
      ['bomb.png', 'too_many_pixels'],
      ['lies-about-its-size.png', expect.stringMatching(/too_many_pixels|not_an_image/)],
      ['wide.jpg', 'too_many_pixels'],
      ['one-pixel-too-many.png', 'too_many_pixels'],
      ['text-bomb.png', 'not_an_image'],
      ['cut.png', 'not_an_image'],
      ['cut.jpg', 'not_an_image'],
      ['head-only.webp', 'not_an_image'],
      ['empty.png', 'unsupported_format'],
      ['gif.png', 'unsupported_format'],
      ['tiff.jpg', 'unsupported_format'],
      ['avif.webp', 'unsupported_format'],
      ['webp.jpg', 'not_what_it_says'],
      ['moving.png', 'animated'],
      ['drawing.svg', 'unsupported_format'],
      ['drawing.png', 'unsupported_format'],
      ['page.pdf', 'unsupported_format'],
    ]);
    for (const { detail } of files) expect(detail).toMatch(/^(is|has|says|cannot)/);
    expect(await leftBehind()).toEqual(before);
  });

  it('is reported by its name once for each archive', async () => {
    const id = await createDataset(api, 'style_ref', []);
    const zip = zipFile([
      { name: 'a.png', bytes: await picture(5) },
      { name: 'a.png', bytes: await picture(6) },
    ]);
    const files = await upload(id, { 'x.zip': zip }, 'application/zip');
    expect(files.map(({ file_name, code, status }) => [file_name, code ?? status])).toEqual([
      ['a.png', 'kept'],
      ['a.png', 'duplicate_name'],
    ]);
  });
});

describe('a stored file', () => {
  it('is an upright PNG in sRGB with eight bits per channel and no metadata', async () => {
    const id = await createDataset(api, 'style_ref', []);
    const tagged = sharp(await picture(10, 'png', 32))
      .extend({ right: 16 })
      .withExif({ IFD0: { Artist: 'somebody' }, IFD3: { GPSLatitude: '52/1' } });
    const files = await upload(id, {
      'cmyk.jpg': await sharp(await picture(11))
        .toColourspace('cmyk')
        .jpeg()
        .toBuffer(),
      'deep.png': await sharp(await picture(12))
        .toColourspace('rgb16')
        .png()
        .toBuffer(),
      'grey.png': await sharp(await picture(13))
        .greyscale()
        .png()
        .toBuffer(),
      'palette.png': await sharp(await picture(14))
        .png({ palette: true, colours: 8 })
        .toBuffer(),
      'clear.webp': await sharp(await picture(15))
        .ensureAlpha(0.5)
        .webp()
        .toBuffer(),
      'wide-gamut.jpg': await sharp(await picture(16))
        .withIccProfile('p3')
        .jpeg()
        .toBuffer(),
      'turned.jpg': await tagged.withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      'smallest.png': flatPng(16, 16),
    });
    expect(files.map(({ file_name, status }) => [file_name, status])).toEqual(files.map(({ file_name }) => [file_name, 'kept']));
    for (const { image, file_name } of files) {
      const { bytes } = await api.call('GET', image?.url ?? '');
      const { format, depth, space, exif, icc, xmp, iptc, orientation } = await sharp(bytes).metadata();
      expect([file_name, format, depth, exif, icc, xmp, iptc, orientation]).toEqual([
        file_name,
        'png',
        'uchar',
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
      expect(['srgb', 'b-w']).toContain(space);
      expect(bytes.includes('somebody')).toBe(false);
    }
    expect(files.find(({ file_name }) => file_name === 'turned.jpg')?.image).toMatchObject({ width: 32, height: 48 });
  });

  it('has a thumbnail that no other project can see and that is deleted with its dataset', async () => {
    const id = await createDataset(api, 'style_ref', []);
    const before = await leftBehind();
    const [file] = await upload(id, {
      'large.png': await sharp(await picture(20))
        .resize(600, 300)
        .png()
        .toBuffer(),
    });
    const url = file?.image?.thumbnail_url ?? '';
    const thumbnail = await api.call('GET', url);
    expect([thumbnail.status, thumbnail.headers['content-type']]).toEqual([200, 'image/webp']);
    expect(await sharp(thumbnail.bytes).metadata()).toMatchObject({ format: 'webp', width: 256, height: 128 });
    expect((await api.call('GET', url)).bytes).toEqual(thumbnail.bytes);
    expect((await api.call('GET', url, { headers: { 'if-none-match': String(thumbnail.headers['etag']) } })).status).toBe(304);
    expect((await api.call('DELETE', `/v1/datasets/${id}`)).status).toBe(204);
    expect((await api.call('GET', url)).status).toBe(404);
    expect(await leftBehind()).toEqual(before);
  });
});

/** Has room for one object. */
class FullStore extends FileObjectStore {
  #hasRoom = true;

  override async put(...object: Parameters<FileObjectStore['put']>): ReturnType<FileObjectStore['put']> {
    if (!this.#hasRoom) await writeFile('/dev/full', 'x');
    this.#hasRoom = false;
    return super.put(...object);
  }
}

it.skipIf(warnNotTested('an upload to a full disk', existsSync('/dev/full') ? undefined : 'there is no /dev/full'))(
  'on a full disk keeps nothing, and says who can help',
  async () => {
    const id = await createDataset(api, 'style_ref', []);
    const before = await leftBehind();
    const objects = join(tmpdir(), 'objects');
    const app = await buildApp({ ...api.options, objectStore: new FullStore(objects) });
    const { body: payload, headers } = multipartBody(
      await Promise.all([80, 81].map(async (seed) => ({ file: `${seed}.png`, bytes: await picture(seed), type: 'image/png' }))),
    );
    const answer = await app.inject({
      method: 'POST',
      url: `/v1/datasets/${id}/images`,
      headers: { authorization: `Bearer ${api.key}`, ...headers },
      payload,
    });
    expect([answer.statusCode, answer.headers['content-type'], answer.json()]).toEqual([
      507,
      'application/problem+json',
      expect.objectContaining({
        code: 'storage_full',
        detail: expect.stringMatching(
          /disk of the service is full.*nothing from this request was stored.*send the request again/,
        ) as string,
      }),
    ]);
    expect(answer.body).not.toContain('/dev/full');
    expect([
      await leftBehind(),
      (await readdir(objects, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()),
    ]).toEqual([before, []]);
    await app.close();
  },
);

it('is kept with its dataset while a live job compares with it', async () => {
  const styleRef = await createDataset(api, 'style_ref', [{ seeds: [30, 31, 32] }]);
  const reference = await createDataset(api, 'style_ref', [{ seeds: [33, 34, 35] }]);
  const body = {
    method: 'single-styleforge',
    base_model: 'tiny',
    style_ref: { dataset_id: styleRef },
    validation: { prompts: ['a [V] cat', 'a [V] dog'], every_steps: 2 },
    early_stopping: { metric: 'kid', patience: 2, reference_dataset_id: reference },
  };
  const job = await api.call<{ id: string }>('POST', '/v1/training-jobs', { body });
  expect(job.status).toBe(202);
  expect((await api.call('DELETE', `/v1/datasets/${reference}`)).body).toMatchObject({ status: 409, code: 'dataset_in_use' });
  await api.call('POST', `/v1/training-jobs/${job.body.id}/cancel`);
  expect((await api.call('DELETE', `/v1/datasets/${reference}`)).status).toBe(204);
});
