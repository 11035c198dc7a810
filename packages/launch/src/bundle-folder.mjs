// The folder of a program's bundles, and which bundle was built from the present sources.
//   node_modules/.cache/styleforge/apps+worker+src+main.ts/current.json   sources of the bundle: { files, digest }
//   node_modules/.cache/styleforge/apps+worker+src+main.ts/<digest>/      the bundle: main.mjs, parts that it loads later, source maps
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

export const MAIN = 'main.mjs';
export const INDEX = 'current.json';

export const fromRoot = (path) => relative(root, path).replaceAll(sep, '/');

export const bundleFolder = (program) => join(root, 'node_modules/.cache/styleforge', fromRoot(program).replaceAll('/', '+'));

/** Digest of all source files of a bundle: `contents` by path from the root, in any order. */
export function digestOf(contents) {
  const hash = createHash('sha256');
  for (const [file, content] of [...contents].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${file}\0${content.length}\0`).update(content);
  return hash.digest('hex').slice(0, 32);
}

/** The digest if the bundle in the folder was built from exactly the present sources. */
export function currentDigest(folder) {
  try {
    const { files, digest } = JSON.parse(readFileSync(join(folder, INDEX), 'utf8'));
    return digestOf(files.map((file) => [file, readFileSync(join(root, file))])) === digest ? digest : undefined;
  } catch (error) {
    // There is no bundle yet, or a source was removed.
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The program's bundle, unless a single byte of its sources has changed since it was built. */
export function findBundle(program) {
  const folder = bundleFolder(program);
  const digest = currentDigest(folder);
  return digest && join(folder, digest, MAIN);
}
