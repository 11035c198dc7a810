// One version for the whole repository.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { VERSION } from '../src/index.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const versionOf = (folder: string) => (JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8')) as { version: string }).version;

it('is the version of the root package and of every workspace', () => {
  const workspaces = ['packages', 'apps'].flatMap((group) => readdirSync(root + group).map((name) => `${group}/${name}`));
  expect(workspaces.length).toBeGreaterThan(15);
  for (const folder of ['.', ...workspaces]) expect(versionOf(folder), folder).toBe(VERSION);
});
