// Where a program's bundles are stored, and which of them is made of the present sources.
//   node_modules/.cache/styleforge/apps+worker+src+main.ts/current.json   what the bundle was made of: { files, digest }
//   node_modules/.cache/styleforge/apps+worker+src+main.ts/<digest>/      the bundle: main.mjs, the parts that it loads later, source maps
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

export const MAIN = 'main.mjs';
export const INDEX = 'current.json';

export const fromRoot = (path) => relative(root, path).replaceAll(sep, '/');

export const bundleFolder = (program) => join(root, 'node_modules/.cache/styleforge', fromRoot(program).replaceAll('/', '+'));

/** Digest of all files that the bundle was made of: `contents` by path from the root, in whatever order they were read. */
export function digestOf(contents) {
  const hash = createHash('sha256');
  for (const [file, content] of [...contents].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${file}\0${content.length}\0`).update(content);
  return hash.digest('hex').slice(0, 32);
}

/** Whether what is in the folder was made of the sources as they are now, to the byte. */
export function currentDigest(folder) {
  try {
    const { files, digest } = JSON.parse(readFileSync(join(folder, INDEX), 'utf8'));
    return digestOf(files.map((file) => [file, readFileSync(join(root, file))])) === digest ? digest : undefined;
  } catch (error) {
    // Nothing was made yet, or a source was removed.
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The program's bundle, unless a single byte of what it was made of has changed since. */
export function findBundle(program) {
  const folder = bundleFolder(program);
  const digest = currentDigest(folder);
  return digest && join(folder, digest, MAIN);
}
