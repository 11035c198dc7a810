// Uploads from all supported sources: paths, folders, Blobs, Files, bytes, streams.
import { clientOf } from '@styleforge/database/testing';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StyleForge } from '@styleforge/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { startSdkFixture } from './service-fixture.ts';
import type { SdkFixture } from './service-fixture.ts';

let service: SdkFixture;
let client: StyleForge;
let folder: string;
beforeAll(async () => {
  service = await startSdkFixture();
  client = service.client();
  folder = join(service.directory, 'pictures');
  await mkdir(folder);
  for (const [index, name] of ['b.png', 'a.webp', 'c.jpg'].entries())
    await writeFile(join(folder, name), await picture(index, name.slice(2) === 'jpg' ? 'jpeg' : (name.slice(2) as 'png')));
  await writeFile(join(folder, 'notes.txt'), 'not an image');
});
afterAll(() => service.close());

/** One color for each number. */
async function picture(seed: number, format: 'png' | 'jpeg' | 'webp' = 'png'): Promise<Buffer<ArrayBuffer>> {
  return Buffer.from(
    await sharp({ create: { width: 24, height: 24, channels: 3, background: { r: (seed * 67) % 256, g: (seed * 31) % 256, b: 90 } } })
      .toFormat(format)
      .toBuffer(),
  );
}
const newDataset = async () => (await client.datasets.create({ name: 'pictures', kind: 'style_ref' })).id;

/** A body that stops halfway until `goOn` resolves. */
function halting(body: Uint8Array, goOn: Promise<void>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(body.subarray(0, body.length / 2));
      await goOn;
      controller.enqueue(body.subarray(body.length / 2));
      controller.close();
    },
  });
}

describe('datasets.upload', () => {
  it('sends images straight to the object store on request, and captions after them', async () => {
    const id = await newDataset();
    const sent: string[] = [];
    const direct = service.client({
      fetch: (url, init) => {
        if (init?.method === 'PUT') sent.push(new Headers(init.headers).get('authorization') ?? 'no key');
        return fetch(url, init);
      },
    });
    const files = [
      { file: await picture(7), name: 'x.png', component: 'person' },
      { file: Buffer.from('a lighthouse'), name: 'x.txt' },
      { file: Buffer.from('no image'), name: 'y.png' },
    ];
    const result = await direct.datasets.upload(id, files, { direct: true });
    expect([result.kept, result.captions, result.refused, sent.length]).toEqual([1, 1, 1, 2]);
    expect((await client.datasets.get(id)).images).toMatchObject([{ file_name: 'x.png', component: 'person', caption: 'a lighthouse' }]);
  });

  it('waits for the same upload if it is still under way, and returns its response', async () => {
    const id = await newDataset();
    let goOn = () => undefined as void;
    const gate = new Promise<void>((done) => (goOn = done));
    const slow = service.client({
      async fetch(url, init) {
        const whole = new Response(init?.body);
        const headers = new Headers(init?.headers);
        headers.set('content-type', whole.headers.get('content-type') ?? '');
        return fetch(url, {
          ...init,
          headers,
          body: halting(new Uint8Array(await whole.arrayBuffer()), gate),
          duplex: 'half',
        } as RequestInit);
      },
    });
    const files = [new Blob([await picture(20)]), new Blob([new Uint8Array(20 * 1024 * 1024)])];
    const upload = (from: StyleForge) => from.datasets.upload(id, files, { idempotencyKey: 'same' });
    const first = upload(slow);
    await expect.poll(() => clientOf(service.database).idempotencyKey.count({ where: { key: 'same-0' } }), { timeout: 20_000 }).toBe(1);
    service.seen.length = 0;
    const second = upload(client);
    await expect.poll(() => service.seen.length, { timeout: 20_000 }).toBe(2);
    goOn();
    expect(await first).toMatchObject({ kept: 1, refused: 1 });
    expect(await second).toEqual(await first);
  });

  it('accepts a path, and a folder for its images', async () => {
    const id = await newDataset();
    expect(await client.datasets.upload(id, join(folder, 'b.png'), { component: 'person', caption: 'one' })).toMatchObject({
      kept: 1,
      refused: 0,
    });
    const result = await client.datasets.upload(id, folder);
    expect(result.files.map(({ file_name, status }) => [file_name, status])).toEqual([
      ['a.webp', 'kept'],
      ['b.png', 'refused'],
      ['c.jpg', 'kept'],
      ['notes.txt', 'refused'],
    ]);
    const { images } = await client.datasets.get(id);
    expect(images.map(({ file_name, component, caption }) => [file_name, component, caption])).toEqual([
      ['b.png', 'person', 'one'],
      ['a.webp', null, null],
      ['c.jpg', null, null],
    ]);
    await expect(client.datasets.upload(id, join(folder, 'none.png'))).rejects.toThrow(/there is no file or folder .*none\.png/);
    await mkdir(join(folder, 'empty'));
    await expect(client.datasets.upload(id, join(folder, 'empty'))).rejects.toThrow(/has no PNG, JPEG or WebP images/);
  });

  it('skips no image of a folder silently: files of another kind are refused, files that cannot be opened are named', async () => {
    const id = await newDataset();
    const mixed = join(folder, 'mixed');
    await mkdir(join(mixed, 'more.png'), { recursive: true });
    for (const name of ['IMG_1.HEIC', 'scan.tif', 'old.gif', '._a.png', 'notes.txt']) await writeFile(join(mixed, name), name);
    await writeFile(join(mixed, 'saved.jfif'), await picture(30, 'jpeg'));
    const { files } = await client.datasets.upload(id, mixed);
    expect(files.map((file) => [file.file_name, file.status === 'refused' && file.code])).toEqual([
      ['IMG_1.HEIC', 'unsupported_format'],
      ['old.gif', 'unsupported_format'],
      ['saved.jfif', false],
      ['scan.tif', 'unsupported_format'],
      ['notes.txt', 'no_image_for_caption'],
    ]);
    await symlink(join(mixed, 'gone.png'), join(mixed, 'link.png'));
    await expect(client.datasets.upload(id, mixed)).rejects.toThrow(/ENOENT.*link\.png/);
  });

  it('accepts bytes, Blobs, Files and streams, each with labels of its own', async () => {
    const id = await newDataset();
    const bytes = new Uint8Array(await picture(10));
    const result = await client.datasets.upload(
      id,
      [
        bytes,
        new Blob([await picture(11, 'jpeg')]),
        new File([await picture(12, 'webp')], 'mine.webp'),
        { file: new Blob([await picture(13)]).stream(), name: 'web.png', component: 'background' },
        { file: createReadStream(join(folder, 'b.png')), caption: 'from a stream' },
        { file: (await picture(14)).buffer.slice(0) as ArrayBuffer, name: 'odd.png' },
      ],
      { component: 'person' },
    );
    expect(result.files.slice(0, 5).map(({ file_name, status }) => [file_name, status])).toEqual([
      ['image-1.png', 'kept'],
      ['image-2.jpg', 'kept'],
      ['mine.webp', 'kept'],
      ['web.png', 'kept'],
      ['b.png', 'kept'],
    ]);
    const { images } = await client.datasets.get(id);
    expect(images.slice(0, 5).map(({ component, caption }) => [component, caption])).toEqual([
      ['person', null],
      ['person', null],
      ['person', null],
      ['background', null],
      ['person', 'from a stream'],
    ]);
  });

  it('sends batches, each again if its response is lost, and reports its progress', async () => {
    const id = await newDataset();
    const files = await Promise.all(Array.from({ length: 45 }, async (_, index) => new File([await picture(100 + index)], `${index}.png`)));
    service.seen.length = 0;
    service.faults.push('lose the answer');
    const sent: number[] = [];
    const result = await client.datasets.upload(id, files, { onProgress: (progress) => sent.push(progress.files) });
    expect([result.kept, sent, service.seen.length]).toEqual([45, [40, 45], 3]);
    expect((await client.datasets.get(id)).image_count).toBe(45);
  });

  it('names a refused file and the reason', async () => {
    const id = await newDataset();
    const { refused, files } = await client.datasets.upload(id, [join(folder, 'notes.txt'), await readFile(join(folder, 'b.png'))]);
    expect(refused).toBe(1);
    expect(files.at(-1)).toMatchObject({ file_name: 'notes.txt', status: 'refused', code: 'no_image_for_caption' });
  });
});
