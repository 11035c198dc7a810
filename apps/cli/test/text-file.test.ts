// Files of prompts and requests in the encodings that editors and shells write.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readBody } from '../src/commands/training-jobs/job-file.ts';
import { readText } from '../src/text-file.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'styleforge-text-'))));
afterAll(() => rm(folder, { recursive: true }));

const text = 'name: café\r\nprompt: 猫\r\n';
const bigEndian = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();

it.each<[string, Buffer]>([
  ['UTF-8', Buffer.from(text)],
  ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`)],
  ['UTF-16 of PowerShell', Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16, big-endian', bigEndian],
])('%s is read', async (_name, bytes) => {
  const file = join(folder, 'job.yaml');
  await writeFile(file, bytes);
  expect(await readText(file)).toBe(text);
  expect(await readBody(file)).toEqual({ name: 'café', prompt: '猫' });
});

it('another encoding, and a file that is absent, are refused with the file and the reason', async () => {
  const file = join(folder, 'latin.txt');
  await writeFile(file, Buffer.from('café', 'latin1'));
  await expect(readText(file)).rejects.toThrow(`${file} is not UTF-8 text: save it with the encoding UTF-8`);
  await expect(readText(join(folder, 'none.txt'))).rejects.toThrow(/none\.txt cannot be read: ENOENT/);
});
