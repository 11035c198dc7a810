// Zip uploads and repeated uploads: what is kept, what is refused and why, and that nothing is left behind.
import { clientOf } from '@styleforge/database/testing';
import { readdir } from 'node:fs/promises';
import { UPLOAD_LIMITS } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { zipFile } from '@styleforge/testing';
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
  files: { file_name: string; status: string; code?: string; detail?: string; image?: { component: string } }[];
};
type Parts = Parameters<typeof multipartBody>[0];

const newDataset = () => createDataset(api, 'style_ref', []);
const archive = (bytes: Buffer, file = 'images.zip') => ({ file, bytes, type: 'application/zip' });
function upload(id: string, parts: Parts, headers: Record<string, string> = {}) {
  const multipart = multipartBody(parts);
  return api.call<Upload>('POST', `/v1/datasets/${id}/images`, { body: multipart.body, headers: { ...multipart.headers, ...headers } });
}
const codes = ({ body }: { body: Upload }) => body.files.map(({ file_name, status, code }) => [file_name, code ?? status]);
const spooled = async () => readdir(api.uploadDirectory);
const imageCount = async (id: string) => (await api.call<{ image_count: number }>('GET', `/v1/datasets/${id}`)).body.image_count;

async function countObjects(): Promise<number> {
  let count = 0;
  for await (const _object of api.objectStore.list('')) count++;
  return count;
}

describe('a zip archive', () => {
  it('adds its images to the dataset, each with the labels sent before it', async () => {
    const id = await newDataset();
    const zip = zipFile([
      { name: 'one.png', bytes: await picture(1) },
      { name: 'zwei-ü.jpg', bytes: await picture(2, 'jpeg') },
    ]);
    const answer = await upload(id, [{ field: 'component', value: 'person' }, archive(zip)]);
    expect(codes(answer)).toEqual([
      ['one.png', 'kept'],
      ['zwei-ü.jpg', 'kept'],
    ]);
    expect(answer.body.files.map(({ image }) => image?.component)).toEqual(['person', 'person']);
    expect(await imageCount(id)).toBe(2);
    expect(await spooled()).toEqual([]);
  });

  it('of a folder is read like one of its files, without the files that macOS adds', async () => {
    const id = await newDataset();
    const twin = Buffer.from('0005160700020000', 'hex');
    const zip = zipFile([
      { name: 'style/', bytes: Buffer.alloc(0) },
      { name: 'style/one.png', bytes: await picture(3) },
      { name: '__MACOSX/style/._one.png', bytes: twin },
      { name: 'style/.DS_Store', bytes: twin },
      { name: 'style/more/one.png', bytes: await picture(4) },
    ]);
    expect(codes(await upload(id, [archive(zip)]))).toEqual([
      ['style/one.png', 'kept'],
      ['style/more/one.png', 'kept'],
    ]);
    expect(await imageCount(id)).toBe(2);
  });

  it('has its unreadable files refused one by one', async () => {
    const id = await newDataset();
    const before = await countObjects();
    const good = await picture(10);
    const bytes = await picture(11);
    const zip = zipFile([
      { name: 'good.png', bytes: good },
      { name: '../up.png', bytes },
      { name: '/etc/absolute.png', bytes },
      { name: 'C:\\drive.png', bytes },
      { name: 'a/../../b.png', bytes },
      { name: 'link.png', bytes: Buffer.from('/etc/passwd'), unixMode: 0o120777 },
      { name: 'notes.txt', bytes: Buffer.from('hello') },
      { name: 'inner.zip', bytes: zipFile([{ name: 'x.png', bytes }]) },
      { name: 'secret.png', bytes, encrypted: true },
      { name: 'large.png', bytes, claimedSize: UPLOAD_LIMITS.fileBytes + 1 },
      { name: 'bomb.png', bytes: Buffer.alloc(30 * 1024 * 1024), claimedSize: 1000 },
      { name: 'jpeg.png', bytes: await picture(12, 'jpeg') },
      { name: 'copy.png', bytes: good },
    ]);
    const answer = await upload(id, [archive(zip)]);
    expect(codes(answer)).toEqual([
      ['good.png', 'kept'],
      ['../up.png', 'odd_path'],
      ['/etc/absolute.png', 'odd_path'],
      ['C:/drive.png', 'odd_path'],
      ['a/../../b.png', 'odd_path'],
      ['link.png', 'odd_path'],
      ['inner.zip', 'unsupported_format'],
      ['secret.png', 'unreadable_archive'],
      ['large.png', 'too_many_bytes'],
      ['bomb.png', 'unreadable_archive'],
      ['jpeg.png', 'not_what_it_says'],
      ['copy.png', 'duplicate'],
      ['notes.txt', 'no_image_for_caption'],
    ]);
    expect(await countObjects()).toBe(before + 1);
    expect(await spooled()).toEqual([]);
  });

  it('has its names read in the right encoding, and files with a wrong checksum refused', async () => {
    const id = await newDataset();
    const zip = zipFile([
      { name: '', unmarkedName: Buffer.from('macos-ü.png'), bytes: await picture(13) },
      { name: '', unmarkedName: Buffer.from('dos-\x81.png', 'latin1'), bytes: await picture(14) },
      { name: 'broken.png', bytes: await picture(15), claimedChecksum: 1 },
    ]);
    const { body } = await upload(id, [archive(zip)]);
    expect(codes({ body })).toEqual([
      ['macos-ü.png', 'kept'],
      ['dos-ü.png', 'kept'],
      ['broken.png', 'unreadable_archive'],
    ]);
    expect(body.files[2]?.detail).toMatch(/checksum differs.*Pack the images again/);
  });

  it.each<[string, (whole: Buffer) => Buffer, RegExp]>([
    ['a RAR archive in its place', () => Buffer.from('Rar!\x1a\x07\x01\x00'), /is a RAR archive: pack the images as a zip archive/],
    ['bytes behind it', (whole) => Buffer.concat([whole, Buffer.alloc(9)]), /Pack the images again/],
    ['bytes before it', (whole) => Buffer.concat([Buffer.alloc(9), whole]), /Pack the images again/],
    ['its end cut off', (whole) => whole.subarray(0, -30), /Pack the images again/],
  ])('with %s is refused with a remedy', async (_what, change, detail) => {
    const whole = zipFile([{ name: 'good.png', bytes: await picture(16) }]);
    const { body } = await upload(await newDataset(), [archive(change(whole))]);
    expect(body.files.map((file) => file.detail)).toEqual([expect.stringMatching(detail)]);
  });

  it('is refused as a whole if it is damaged or a bomb, before anything is unpacked', async () => {
    const id = await newDataset();
    const bytes = await picture(20);
    const many = zipFile(
      Array.from({ length: UPLOAD_LIMITS.zipEntries + 1 }, (_, index) => ({ name: `${index}.png`, bytes: Buffer.of(1) })),
    );
    const swollen = zipFile([
      { name: 'good.png', bytes },
      { name: 'swollen.png', bytes, claimedSize: 2 ** 31 },
    ]);
    const whole = zipFile([{ name: 'good.png', bytes }]);
    for (const [zip, code] of [
      [many, 'archive_too_large'],
      [swollen, 'archive_too_large'],
      [whole.subarray(0, -30), 'unreadable_archive'],
      [bytes, 'unreadable_archive'],
    ] as const) {
      expect(codes(await upload(id, [archive(zip)]))).toEqual([['images.zip', code]]);
    }
    expect(await imageCount(id)).toBe(0);
    expect(await spooled()).toEqual([]);
  });

  it('must be alone: a second archive or image refuses the request, and nothing of it is kept', async () => {
    const id = await newDataset();
    const before = await countObjects();
    const zip = archive(zipFile([{ name: 'one.png', bytes: await picture(30) }]));
    const image = { file: 'two.png', bytes: await picture(31), type: 'image/png' };
    for (const parts of [
      [zip, { ...zip, file: 'b.zip' }],
      [zip, image],
      [image, zip],
    ]) {
      expect((await upload(id, parts)).body).toMatchObject({ status: 422, code: 'validation_failed', errors: [{ pointer: '/images' }] });
    }
    const cut = multipartBody([zip]);
    expect((await api.call('POST', `/v1/datasets/${id}/images`, { body: cut.body.subarray(0, -60), headers: cut.headers })).status).toBe(
      400,
    );
    expect(await imageCount(id)).toBe(0);
    expect(await countObjects()).toBe(before);
    expect(await spooled()).toEqual([]);
  });
});

describe('a full dataset', () => {
  it('accepts no more images, however many requests arrive at once', async () => {
    const id = await newDataset();
    const row = (index: number) => ({
      id: newId('image'),
      projectId: api.projectId,
      datasetId: id,
      component: null,
      caption: null,
      fileName: 'x.png',
      objectKey: `x${index}`,
      width: 1,
      height: 1,
      sizeBytes: 1,
      sha256: String(index),
    });
    await clientOf(api.database).image.createMany({
      data: Array.from({ length: UPLOAD_LIMITS.imagesPerDataset - 1 }, (_, index) => row(index)),
    });
    const answers = await Promise.all(
      [41, 42, 43].map(async (seed) => upload(id, [{ file: `${seed}.png`, bytes: await picture(seed), type: 'image/png' }])),
    );
    expect(
      answers
        .flatMap(codes)
        .map(([, code]) => code)
        .sort(),
    ).toEqual(['dataset_full', 'dataset_full', 'kept']);
    expect(await imageCount(id)).toBe(UPLOAD_LIMITS.imagesPerDataset);
  });
});

describe('an upload with an Idempotency-Key', () => {
  it('gets its first response again, and is refused for other files', async () => {
    const id = await newDataset();
    const parts = async (seed: number) => [
      { field: 'component', value: 'person' },
      { file: 'a.png', bytes: await picture(seed), type: 'image/png' },
    ];
    const headers = { 'idempotency-key': `upload ${id}` };
    const first = await upload(id, await parts(50), headers);
    const second = await upload(id, await parts(50), headers);
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect([first.headers['idempotency-replayed'], second.headers['idempotency-replayed']]).toEqual([undefined, 'true']);
    expect(second.headers).not.toHaveProperty('upload-fingerprint');
    expect((await upload(id, await parts(51), headers)).body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    expect(await imageCount(id)).toBe(1);
  });
});
