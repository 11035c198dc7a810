// Every class of error that the sources of a job's packages declare has its line in the table of failures: also those that no package
// exports.
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isAway, PLACED_ERRORS, TaskError } from '@styleforge/worker';
import { expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const ROOMS = [
  ...['autodiff', 'onnx', 'runtime', 'weights', 'model-files', 'diffusion', 'styleforge', 'metrics'],
  ...['config', 'database', 'queue', 'storage', 'telemetry'],
].map((name) => `packages/${name}/src/`);

/** Caught where it is thrown. */
const NEVER_LEAVES = ['DatasetGoneError'];

async function declaredErrors(folder: URL): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  const sources = entries.filter((name) => name.endsWith('.ts') && !name.includes('generated'));
  const texts = await Promise.all(sources.map((name) => readFile(new URL(name, folder), 'utf8')));
  return texts.flatMap((text) => [...text.matchAll(/\bclass (\w+) extends \w*Error\b/g)].map(([, name = '']) => name));
}

it('classifies every class of error', async () => {
  const folders = [...ROOMS.map((room) => new URL(room, root))];
  const declared = (await Promise.all(folders.map(declaredErrors))).flat();
  const own = (await readFile(new URL('apps/worker/src/errors.ts', root), 'utf8')).matchAll(/\bclass (\w+) extends/g);
  const all = [...declared, ...[...own].map(([, name = '']) => name)].filter((name) => !NEVER_LEAVES.includes(name));
  expect(all.length, fileURLToPath(root)).toBeGreaterThan(30);
  expect(all.filter((name) => !PLACED_ERRORS.has(name))).toEqual([]);
});

it('recognizes an unavailable store also in the error of a child process', () => {
  const told = (name: string) => new TaskError({ name, message: 'the folder has no installation.json' });
  expect(['StoreIdentityError', 'ObjectStoreUnavailableError', 'DamagedObjectError'].map((name) => isAway(told(name)))).toEqual([
    true,
    true,
    false,
  ]);
});
