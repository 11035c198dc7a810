// The sources a build was made of, in the form that packages/launch compares: { files, digest }.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '@styleforge/launch/digest';

export async function hashOfSources(root: string, files: string[]): Promise<{ files: string[]; digest: string }> {
  const contents = await Promise.all(files.map(async (file): Promise<[string, Buffer]> => [file, await readFile(join(root, file))]));
  return { files, digest: digestOf(contents) };
}
