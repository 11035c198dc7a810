// safetensors files: what is written is read back, and damaged files are refused.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTensors, SafetensorsReader, writeSafetensors } from '@styleforge/weights';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half-values.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weights-'));
});
afterAll(() => rm(directory, { recursive: true }));

function values(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i * 12.9898 + seed) * 3));
}

async function writeRaw(name: string, header: unknown, data: Uint8Array): Promise<string> {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  const path = join(directory, name);
  await writeFile(path, Buffer.concat([prefix, json, data]));
  return path;
}

describe('a safetensors file', () => {
  const entries = [
    { name: 'z.weight', shape: [3, 5], data: values(15, 1) },
    { name: 'a.bias', shape: [7], data: values(7, 2) },
    { name: 'scalar', shape: [], data: values(1, 3) },
    { name: 'empty', shape: [0, 4], data: new Float32Array(0) },
  ];

  it('keeps float32 exactly, sorted by name and aligned to 8 bytes', async () => {
    const path = join(directory, 'f32.safetensors');
    await writeSafetensors(path, entries);
    const reader = await SafetensorsReader.open(path);
    expect(reader.metadata).toEqual({ format: 'pt' });
    expect(reader.names()).toEqual(['a.bias', 'empty', 'scalar', 'z.weight']);
    for (const { name, shape, data } of entries) {
      expect(reader.info(name)).toEqual({ dtype: 'F32', shape });
      expect(await reader.read(name)).toEqual(data);
    }
    await reader.close();
    expect(Number((await readFile(path)).readBigUInt64LE()) % 8).toBe(0);
  });

  it.each([
    ['F16', (v: number) => float16ToFloat32(float32ToFloat16(v))],
    ['BF16', (v: number) => bfloat16ToFloat32(float32ToBfloat16(v))],
  ] as const)('rounds to %s, over several chunks, from lazy data', async (dtype, rounded) => {
    const path = join(directory, `${dtype}.safetensors`);
    const big = values(3_000_001, 5);
    await writeSafetensors(path, [{ name: 'big', shape: [3_000_001], data: async () => big }], { dtype });
    const reader = await SafetensorsReader.open(path);
    const room = new Float32Array(big.length + 2).fill(9);
    await reader.readInto('big', room.subarray(1, -1));
    await reader.close();
    expect([room[0], room.at(-1)]).toEqual([9, 9]);
    let wrong = 0;
    for (let i = 0; i < big.length; i++) if (room[i + 1] !== rounded(big[i]!)) wrong++;
    expect(wrong).toBe(0);
  });

  it('leaves no temporary file, and keeps the old file, if the data fails', async () => {
    const path = join(directory, 'kept.safetensors');
    await writeSafetensors(path, entries);
    const before = await readFile(path);
    const failing = [{ name: 'a', shape: [2], data: () => Promise.reject(new Error('device lost')) }];
    await expect(writeSafetensors(path, failing)).rejects.toThrow('device lost');
    await expect(writeSafetensors(path, [{ name: 'a', shape: [2], data: values(3, 0) }])).rejects.toThrow(/given 3/);
    await expect(writeSafetensors(path, [entries[0]!, entries[0]!])).rejects.toThrow(/given twice/);
    expect(await readFile(path)).toEqual(before);
    expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

it('every number type is read as float32', async () => {
  const data = Buffer.alloc(8 + 8 + 4 + 2 + 1 + 1);
  data.writeDoubleLE(0.1, 0);
  data.writeBigInt64LE(-3_000_000_000n, 8);
  data.writeInt32LE(-7, 16);
  data.writeInt16LE(-2, 20);
  data.writeUInt8(200, 22);
  data.writeUInt8(1, 23);
  const one = (dtype: string, begin: number, end: number) => ({ dtype, shape: [1], data_offsets: [begin, end] });
  const header = {
    f64: one('F64', 0, 8),
    i64: one('I64', 8, 16),
    i32: one('I32', 16, 20),
    i16: one('I16', 20, 22),
    u8: one('U8', 22, 23),
    bool: one('BOOL', 23, 24),
  };
  const reader = await SafetensorsReader.open(await writeRaw('types.safetensors', header, data));
  const read = async (name: string) => (await reader.read(name))[0];
  expect(await read('f64')).toBe(Math.fround(0.1));
  expect(await read('i64')).toBe(-3_000_000_000);
  expect(await read('i32')).toBe(-7);
  expect(await read('i16')).toBe(-2);
  expect(await read('u8')).toBe(200);
  expect(await read('bool')).toBe(1);
  await expect(reader.read('missing')).rejects.toThrow(/contains no tensor missing/);
  await expect(reader.readInto('u8', new Float32Array(2))).rejects.toThrow(/has 1 elements, the target 2/);
  await reader.close();
});

it('a header with an image in its metadata, as some tools write it, is read', async () => {
  const thumbnail = `data:image/jpeg;base64,${'x'.repeat(12_000_000)}\\"`;
  const header = { __metadata__: { 'modelspec.thumbnail': thumbnail }, a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } };
  const reader = await SafetensorsReader.open(await writeRaw('thumbnail.safetensors', header, new Uint8Array(4)));
  expect(reader.names()).toEqual(['a']);
  expect(reader.metadata['modelspec.thumbnail']).toBe(thumbnail);
  await reader.close();
});

describe('a damaged file is refused:', () => {
  const span = (begin: number, end: number, shape = [1], dtype = 'F32') => ({ dtype, shape, data_offsets: [begin, end] });
  it.each([
    ['not JSON', '{"a"', 0, /not JSON/],
    ['an array', '[]', 0, /not an object/],
    ['a gap', { a: span(0, 4), b: span(8, 12) }, 12, /4 bytes before tensor b/],
    ['an overlap', { a: span(0, 8, [2]), b: span(4, 8) }, 8, /tensor b overlaps/],
    ['a cut end', { a: span(0, 8, [2]) }, 4, /cut off/],
    ['bytes left over', { a: span(0, 4) }, 8, /4 bytes after the last/],
    ['a shape that does not fit', { a: span(0, 4, [2]) }, 4, /cannot fill 4 bytes/],
    ['a negative size', { a: span(0, 4, [-1, -1]) }, 4, /invalid shape/],
    ['an unknown dtype', { a: span(0, 4, [1], 'Q4') }, 4, /unknown dtype "Q4"/],
    ['offsets backwards', { a: span(4, 0) }, 4, /invalid data_offsets/],
    ['no description', { a: 3 }, 0, /no description/],
    ['metadata that is no text', { __metadata__: { a: 1 } }, 0, /__metadata__/],
  ])('%s', async (name, header, bytes, message) => {
    const path = await writeRaw(`${name}.safetensors`, header, new Uint8Array(bytes));
    await expect(SafetensorsReader.open(path)).rejects.toThrow(message);
  });

  it('a header longer than the file, and a file of a few bytes', async () => {
    const path = join(directory, 'long.safetensors');
    await writeFile(path, Buffer.from([255, 255, 255, 255, 255, 0, 0, 0, 123, 125]));
    await expect(SafetensorsReader.open(path)).rejects.toThrow(/does not fit/);
    await writeFile(path, Buffer.from([1, 2]));
    await expect(SafetensorsReader.open(path)).rejects.toThrow(/too few/);
  });

  it('a repeated name, whether or not both refer to the same bytes', async () => {
    const path = join(directory, 'twice.safetensors');
    const described = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';
    const header = Buffer.from(`{"a":${described},"a":${described}}`);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    await writeFile(path, Buffer.concat([length, header, Buffer.alloc(4)]));
    await expect(SafetensorsReader.open(path)).rejects.toThrow(/names a tensor twice/);
  });
});

describe('a checkpoint in shards', () => {
  it('reads each tensor from its file', async () => {
    await writeSafetensors(join(directory, 'model-00001-of-00002.safetensors'), [{ name: 'a', shape: [2], data: values(2, 1) }]);
    await writeSafetensors(join(directory, 'model-00002-of-00002.safetensors'), [{ name: 'b', shape: [3], data: values(3, 2) }]);
    const index = { weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' } };
    const path = join(directory, 'model.safetensors.index.json');
    await writeFile(path, JSON.stringify(index));
    const reader = await openTensors(path);
    expect(reader.names()).toEqual(['a', 'b']);
    expect(await reader.read('b')).toEqual(values(3, 2));
    expect(reader.has('c')).toBe(false);
    await reader.close();
  });

  it('refuses shards outside of the folder, and names tensors that a shard lacks', async () => {
    const path = join(directory, 'bad.safetensors.index.json');
    await writeFile(path, JSON.stringify({ weight_map: { a: '../a.safetensors' } }));
    await expect(openTensors(path)).rejects.toThrow(/next to the index/);
    await writeFile(path, JSON.stringify({ weight_map: { c: 'model-00001-of-00002.safetensors' } }));
    await expect(openTensors(path)).rejects.toThrow(/contains no tensor c/);
  });
});
