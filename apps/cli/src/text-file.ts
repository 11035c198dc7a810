// Text files as editors and shells write them.
import { readFile } from 'node:fs/promises';
import { UsageError } from './exit-codes.ts';

/** Reads UTF-8, or UTF-16 with a byte order mark, which PowerShell writes when output is redirected. Throws UsageError. */
export async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause: unknown) =>
    Promise.reject(new UsageError(`${file} cannot be read: ${(cause as Error).message}`, { cause })),
  );
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError(`${file} is not UTF-8 text: save it with the encoding UTF-8`, { cause });
  }
}
