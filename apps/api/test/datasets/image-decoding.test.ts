// Images that are cheap to send and costly to decode, and images that others wrote oddly: what becomes of them, and of the API meanwhile.
import { createHash } from 'node:crypto';
import { crc32, createDeflate } from 'node:zlib';
import sharp from 'sharp';
import { zipFile } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, multipartBody, picture, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

type File = { file_name: string; status: string; code?: string; detail?: string; image?: { url: string; sha256: string } };

let api: ApiFixture;
beforeAll(async () => void (api = await startApiFixture()));
afterAll(() => api.close());

async function upload(files: Record<string, Uint8Array>, type = 'application/octet-stream'): Promise<File[]> {
  const id = await createDataset(api, 'style_ref', []);
  const parts = Object.entries(files).map(([file, bytes]) => ({ file, bytes, type }));
  return (await api.call<{ files: File[] }>('POST', `/v1/datasets/${id}/images`, multipartBody(parts))).body.files;
}

type Png = { width: number; height: number; depth: 1 | 16; color: 0 | 6; interlaced: boolean; rows?: number };

/** A PNG of zeros, whose pixels are never in memory as a whole; with `rows` it has as many of them and is cut off. */
async function zeroPng({ width, height, depth, color, interlaced, rows: some }: Png): Promise<Buffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, color, 0, 0, Number(interlaced)], 8);
  const channels = color === 6 ? 4 : 1;
  // Adam7: the start and the distance of each pass's columns and rows.
  const passes = interlaced
    ? [
        [0, 8, 0, 8],
        [4, 8, 0, 8],
        [0, 4, 4, 8],
        [2, 4, 0, 4],
        [0, 2, 2, 4],
        [1, 2, 0, 2],
        [0, 1, 1, 2],
      ]
    : [[0, 1, 0, 1]];
  const deflate = createDeflate({ level: 1 });
  const packed: Buffer[] = [];
  deflate.on('data', (part: Buffer) => packed.push(part));
  for (const [x = 0, dx = 1, y = 0, dy = 1] of passes) {
    const [columns, rows] = [Math.ceil((width - x) / dx), some ?? Math.ceil((height - y) / dy)];
    const row = Buffer.alloc(1 + Math.ceil((columns * depth * channels) / 8));
    for (let at = 0; at < rows; at++) if (!deflate.write(row)) await new Promise((done) => deflate.once('drain', done));
  }
  // 'finish' comes before the last bytes do, and an image without them is cut off.
  await new Promise<void>((done) => void deflate.once('end', done).end());
  const chunk = (type: string, data: Buffer) => {
    const [length, sum, body] = [Buffer.alloc(4), Buffer.alloc(4), Buffer.concat([Buffer.from(type, 'latin1'), data])];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const parts = [chunk('IHDR', header), chunk('IDAT', Buffer.concat(packed)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}

describe('an image that is expensive to decode', () => {
  it('is refused for its dimensions before anything is decoded', async () => {
    const row = await zeroPng({ width: 39_999_000, height: 1, depth: 1, color: 0, interlaced: false });
    const column = await zeroPng({ width: 1, height: 39_999_000, depth: 1, color: 0, interlaced: false, rows: 1 });
    const before = process.memoryUsage.rss();
    const files = await upload({
      'row.png': row,
      'column.png': column,
      'tiny.png': await picture(1, 'png', 15),
      'ok.png': await picture(2, 'png', 16),
    });
    expect(files.map(({ file_name, code, status }) => [file_name, code ?? status])).toEqual([
      ['row.png', 'unsuitable_size'],
      ['column.png', 'unsuitable_size'],
      ['tiny.png', 'unsuitable_size'],
      ['ok.png', 'kept'],
    ]);
    expect(files[0]?.detail).toBe('is 39999000 x 1 pixels; the maximum for a side is 16384');
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 2 ** 20);
  });

  it('ends its decoder and not the API, which keeps the images after it', async () => {
    const heavy = await zeroPng({ width: 6_320, height: 6_320, depth: 16, color: 6, interlaced: true });
    const before = process.memoryUsage.rss();
    const [files, [small]] = await Promise.all([
      upload({ 'heavy.png': heavy, 'after.png': await picture(3) }),
      upload({ 'small.png': await picture(4) }),
    ]);
    expect(files.map(({ file_name, code, status }) => [file_name, code ?? status])).toEqual([
      ['heavy.png', 'too_costly'],
      ['after.png', 'kept'],
    ]);
    expect(files[0]?.detail).toBe('takes more than 384 MB of memory to decode; save it smaller, or in another format');
    expect(small?.status).toBe('kept');
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 2 ** 20);
  });

  it('is kept if it is not larger than the largest ordinary photograph', async () => {
    const pixels = sharp({ create: { width: 7_744, height: 5_160, channels: 3, background: '#468' } });
    const turned = await pixels.jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const [file] = await upload({ 'photograph.jpg': turned });
    expect([file?.status, file?.detail]).toEqual(['kept', undefined]);
  });
});

describe('a JPEG with meaningless values in its scan header', () => {
  it('is kept as the same image, and refused if it is truncated', async () => {
    const plain = await picture(5, 'jpeg', 64);
    const scan = plain.indexOf(Buffer.from([0xff, 0xda]));
    const parameters = scan + 2 + plain.readUInt16BE(scan + 2) - 3;
    const odd = (values: number[]) => Buffer.concat([plain.subarray(0, parameters), Buffer.from(values), plain.subarray(parameters + 3)]);
    const [kept] = await upload({ 'plain.jpg': plain });
    const [ended] = await upload({ 'se-zero.jpg': odd([0, 0, 0]) });
    const [started, cut] = await upload({ 'ss-one.jpg': odd([1, 63, 0]), 'cut.jpg': odd([0, 0, 0]).subarray(0, plain.length - 200) });
    expect([ended?.image?.sha256, started?.image?.sha256]).toEqual([kept?.image?.sha256, kept?.image?.sha256]);
    expect(cut?.code).toBe('not_an_image');
    const progressive = await sharp(await picture(6))
      .jpeg({ progressive: true })
      .toBuffer();
    expect((await upload({ 'progressive.jpg': progressive }))[0]?.status).toBe('kept');
  });
});

describe('a JPEG without its end marker', () => {
  it('is kept as the same image, and refused if any of its data is missing', async () => {
    const whole = await picture(8, 'jpeg', 64);
    const cut = (bytes: number) => whole.subarray(0, whole.length - bytes);
    const [kept] = await upload({ 'whole.jpg': whole });
    const [open, shorter, half] = await upload({ 'open.jpg': cut(2), 'shorter.jpg': cut(4), 'half.jpg': cut(whole.length >> 1) });
    expect([open?.image?.sha256, shorter?.code, half?.code]).toEqual([kept?.image?.sha256, 'not_an_image', 'not_an_image']);
  });
});

describe('a JPEG with bytes that belong to nothing', () => {
  it('between its header segments, or before the end of a progressive image, is kept as the same image', async () => {
    const [plain, noise] = [await picture(9, 'jpeg', 64), await picture(10)];
    const progressive = await sharp(noise).jpeg({ progressive: true }).toBuffer();
    const tables = plain.indexOf(Buffer.from([0xff, 0xc4]));
    const filled = (filler: Buffer) => Buffer.concat([plain.subarray(0, tables), filler, plain.subarray(tables)]);
    const end = progressive.length - 2;
    const [a, b] = await upload({ 'plain.jpg': plain, 'progressive.jpg': progressive });
    const [zeros] = await upload({ 'zeros.jpg': filled(Buffer.alloc(24_242)) });
    const [stuffed] = await upload({ 'stuffed.jpg': filled(Buffer.from([1, 0xff, 0])) });
    const before = Buffer.concat([progressive.subarray(0, end), Buffer.from([1, 2, 3]), progressive.subarray(end)]);
    const [late, cut] = await upload({ 'late.jpg': before, 'cut.jpg': progressive.subarray(0, end) });
    expect([zeros?.image?.sha256, stuffed?.image?.sha256, late?.image?.sha256]).toEqual([
      a?.image?.sha256,
      a?.image?.sha256,
      b?.image?.sha256,
    ]);
    expect(cut?.code).toBe('not_an_image');
  });
});

it.each([
  ['house.png', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n', /is a Git LFS pointer.*run git lfs pull/],
  ['house.jpg', '<!DOCTYPE html><title>Sign in</title>', /is a web page.*download the image itself/],
  ['house.jxl', '\xff\x0a'.padEnd(100), /is a JPEG XL image: save it as PNG, JPEG or WebP/],
])('%s in place of an image is refused with what it is', async (name, content, detail) => {
  const [file] = await upload({ [name]: Buffer.from(content, 'latin1') });
  expect(file?.detail).toMatch(detail);
});

describe('an image that another tool has written', () => {
  const pixels = (channels: 3 | 4) =>
    sharp(
      Uint8Array.from({ length: 40 * 30 * channels }, (_, i) => (i * 7919) % 256),
      { raw: { width: 40, height: 30, channels } },
    );
  it.each<[string, () => Promise<Buffer>]>([
    ['cmyk.jpg', () => pixels(3).toColourspace('cmyk').jpeg().toBuffer()],
    ['sixteen-bits.png', () => pixels(3).toColourspace('rgb16').png().toBuffer()],
    ['gray-sixteen-bits.png', () => pixels(3).toColourspace('grey16').png().toBuffer()],
    ['see-through.png', () => pixels(4).png().toBuffer()],
    ['palette.png', () => pixels(3).png({ palette: true, colours: 8 }).toBuffer()],
    ['interlaced.png', () => pixels(3).png({ progressive: true }).toBuffer()],
    ['lossless.webp', () => pixels(3).webp({ lossless: true }).toBuffer()],
    ['followed.jpg', async () => Buffer.concat([await pixels(3).jpeg().toBuffer(), Buffer.alloc(5_000, 7)])],
    ['UPPER.JPG', () => pixels(3).jpeg().toBuffer()],
    ['old.jfif', () => pixels(3).jpeg().toBuffer()],
    ['no-extension', () => pixels(3).jpeg().toBuffer()],
  ])('%s is kept', async (name, make) => {
    const [file] = await upload({ [name]: await make() });
    expect([file?.status, file?.detail]).toEqual(['kept', undefined]);
  });

  it('is turned upright if EXIF says so', async () => {
    const [file] = await upload({ 'turned.jpg': await pixels(3).withMetadata({ orientation: 6 }).jpeg().toBuffer() });
    expect(file?.image).toMatchObject({ width: 30, height: 40 });
  });

  it.each<[string, () => Promise<Buffer>, RegExp]>([
    ['new.avif', () => pixels(3).avif().toBuffer(), /AVIF image: save it as PNG, JPEG or WebP/],
    ['avif-as.jpg', () => pixels(3).avif().toBuffer(), /AVIF image: save it as PNG, JPEG or WebP/],
    ['x.tiff', () => pixels(3).tiff().toBuffer(), /TIFF image: save it as PNG, JPEG or WebP/],
    ['text-of.png', async () => Buffer.from((await pixels(3).png().toBuffer()).toString('base64')), /is Base64 text: send the bytes/],
    ['url-of.jpg', () => Promise.resolve(Buffer.from('data:image/jpeg;base64,/9j/4AAQ')), /is Base64 text: send the bytes/],
    ['images.rar', () => Promise.resolve(Buffer.from('Rar!\x1a\x07\x01\x00')), /RAR archive: send the images themselves/],
    ['webp-as.png', () => pixels(3).webp().toBuffer(), /is png but is webp: name it and its type after/],
  ])('%s is refused with a remedy', async (name, make, detail) => {
    const [file] = await upload({ [name]: await make() });
    expect(file?.detail).toMatch(detail);
  });
});

describe('a file name', () => {
  it('is truncated between characters, and the repetition gets the first response', async () => {
    const id = await createDataset(api, 'aux', []);
    const { body, headers } = multipartBody([{ file: `a${'\u{1F600}'.repeat(127)}.png`, bytes: await picture(7), type: 'image/png' }]);
    const send = () =>
      api.call<{ files: File[] }>('POST', `/v1/datasets/${id}/images`, { body, headers: { ...headers, 'idempotency-key': 'emoji' } });
    const [first, again] = [await send(), await send()];
    expect([first.status, again.status, again.body]).toEqual([200, 200, first.body]);
    expect(first.body.files[0]?.file_name).toBe(`${'\u{1F600}'.repeat(125)}.png`);
  });

  it.each(['', '; filename=""', '; filename=".."'])('is invented for a part of bytes with the name [%s]', async (name) => {
    const id = await createDataset(api, 'aux', []);
    const body = Buffer.concat([
      Buffer.from(`--b\r\nContent-Disposition: form-data; name="images"${name}\r\nContent-Type: application/octet-stream\r\n\r\n`),
      await picture(8),
      Buffer.from('\r\n--b--\r\n'),
    ]);
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const answer = await api.call<{ files: File[] }>('POST', `/v1/datasets/${id}/images`, { body, headers });
    expect([answer.status, answer.body.files[0]?.file_name, answer.body.files[0]?.status]).toEqual([200, 'unnamed-1', 'kept']);
  });

  it('in an archive may have backslashes between its folders, and still leads nowhere else', async () => {
    const names = ['style\\', 'style\\01.png', 'style/01.png', '..\\x.png', 'C:\\x.png', '\\x.png', 'style\\Thumbs.db', 'style/._01.png'];
    const entries = await Promise.all(
      names.map(async (name, index) => ({ name, bytes: name.endsWith('\\') ? Buffer.alloc(0) : await picture(20 + index) })),
    );
    const files = await upload({ 'x.zip': zipFile(entries) }, 'application/zip');
    expect(files.map(({ file_name, code, status }) => [file_name, code ?? status])).toEqual([
      ['style/01.png', 'kept'],
      ['style/01.png', 'duplicate_name'],
      ['../x.png', 'odd_path'],
      ['C:/x.png', 'odd_path'],
      ['/x.png', 'odd_path'],
    ]);
  });
});

it('keeps bytes that were decoded elsewhere under their checksum', async () => {
  const [file] = await upload({ 'a.png': await picture(9) });
  const { bytes } = await api.call('GET', file?.image?.url ?? '');
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(file?.image?.sha256);
});
