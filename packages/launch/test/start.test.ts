// A small project of two packages in a separate folder, started like the programs of this repository.
import { execFile, type ExecFileOptions } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

let project: string;
let bundles: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'styleforge-launch-'));
  bundles = join(project, 'node_modules/.cache/styleforge');
  for (const library of ['tsx', 'esbuild', '@esbuild'])
    cpSync(join(repository, 'node_modules', library), join(project, 'node_modules', library), { recursive: true });
  cpSync(join(repository, 'packages/launch'), join(project, 'packages/launch'), {
    recursive: true,
    filter: (path) => !/[/\\](dist|test)$/.test(path),
  });
  mkdirSync(join(project, 'node_modules/@styleforge'));
  symlinkSync('../../packages/greeting', join(project, 'node_modules/@styleforge/greeting'), 'junction');
  write('package.json', '{ "type": "module" }');
  write('packages/greeting/package.json', '{ "name": "@styleforge/greeting", "type": "module", "exports": { ".": "./src/index.ts" } }');
  write(
    'packages/greeting/src/index.ts',
    `import { readFileSync } from 'node:fs';
export const greet = (name: string): string => readFileSync(new URL('greeting.txt', import.meta.url), 'utf8') + name;`,
  );
  write('packages/greeting/src/greeting.txt', 'hello ');
  write(
    'app/main.ts',
    `import { greet } from '@styleforge/greeting';

interface Failure { at: string }
const [, self, name = 'nobody'] = process.argv;
const { failing } = await import('./later.ts');
const failure: Failure = { at: /\\w+\\.ts:\\d+/.exec(failing().stack ?? '')?.[0] ?? '' };
console.log(JSON.stringify({ said: greet(name), isMain: self === import.meta.filename, ...failure }));`,
  );
  write(
    'app/later.ts',
    `export class Failing extends Error {}

export const failing = (): Error => new Failing('here');`,
  );
});
afterEach(() => {
  for (const path of [bundles, join(project, 'node_modules')]) if (existsSync(path)) chmodSync(path, 0o755);
  rmSync(project, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(join(project, file, '..'), { recursive: true });
  writeFileSync(join(project, file), text);
}

async function run(options: ExecFileOptions = {}): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(project, 'packages/launch/src/run.mjs'), join(project, 'app/main.ts'), 'you'],
    { cwd: tmpdir(), ...options },
  );
  return JSON.parse(stdout.toString());
}

const bundlesOf = (program: string) => readdirSync(join(bundles, program)).filter((name) => !name.endsWith('.json'));
const outcome = { said: 'hello you', isMain: true, at: 'later.ts:3' };

it('runs a program from one file that it builds once, with files next to its sources and their lines in stack traces', async () => {
  expect(await run()).toEqual(outcome);
  const [bundle = '', ...others] = bundlesOf('app+main.ts');
  expect(others).toEqual([]);
  const made = statSync(join(bundles, 'app+main.ts', bundle, 'main.mjs')).mtimeMs;
  expect(await run()).toEqual(outcome);
  expect(bundlesOf('app+main.ts')).toEqual([bundle]);
  expect(statSync(join(bundles, 'app+main.ts', bundle, 'main.mjs')).mtimeMs).toBe(made);
});

it('starts eight times at once without an existing bundle', async () => {
  expect(await Promise.all(Array.from({ length: 8 }, () => run()))).toEqual(Array.from({ length: 8 }, () => outcome));
  expect(bundlesOf('app+main.ts')).toHaveLength(1);
});

it('never runs an outdated source: one changed with the same time and length, moved by its package.json, or deleted', async () => {
  expect(await run()).toEqual(outcome);
  const source = join(project, 'app/later.ts');
  const { atime, mtime } = statSync(source);
  // The same number of bytes: a line break instead of a space.
  const before = statSync(source).size;
  write(
    'app/later.ts',
    `\n\nexport class Failing extends Error {}
export const failing = ():Error => new Failing('here');`,
  );
  expect(statSync(source).size).toBe(before);
  utimesSync(source, atime, mtime);
  expect(await run()).toEqual({ ...outcome, at: 'later.ts:4' });
  write('packages/greeting/src/other.ts', "export const greet = (name: string): string => 'good day ' + name;");
  write('packages/greeting/package.json', '{ "name": "@styleforge/greeting", "type": "module", "exports": { ".": "./src/other.ts" } }');
  expect(await run()).toEqual({ ...outcome, said: 'good day you', at: 'later.ts:4' });
  rmSync(source);
  await expect(run()).rejects.toThrow(/later\.ts/);
});

it('keeps five bundles of a program, the newest', async () => {
  for (let age = 1; age <= 6; age++) {
    const older = join(bundles, 'app+main.ts', `made-${age}-days-ago`);
    mkdirSync(older, { recursive: true });
    utimesSync(older, new Date(), new Date(Date.now() - age * 86_400_000));
  }
  expect(await run()).toEqual(outcome);
  expect(bundlesOf('app+main.ts').filter((name) => name.startsWith('made'))).toEqual([1, 2, 3, 4].map((age) => `made-${age}-days-ago`));
  expect(await run()).toEqual(outcome);
});

it('keeps drafts of live processes, and removes abandoned ones', async () => {
  const minutesOld = (name: string, minutes: number): void => {
    const draft = join(bundles, 'app+main.ts', name);
    mkdirSync(draft, { recursive: true });
    utimesSync(draft, new Date(), new Date(Date.now() - minutes * 60_000));
  };
  const others = Array.from({ length: 6 }, (_, i) => `draft-${i}`);
  others.forEach((name) => minutesOld(name, 1));
  minutesOld('draft-left', 60);
  expect(await run()).toEqual(outcome);
  expect(
    bundlesOf('app+main.ts')
      .filter((name) => name.startsWith('draft'))
      .sort(),
  ).toEqual(others);
});

/** Options to run as a user who may not write anywhere; root may write everywhere. */
function withoutWriting(): ExecFileOptions {
  chmodSync(project, 0o755);
  if (process.getuid?.() === 0) return { uid: 65534, gid: 65534 };
  for (const path of [bundles, join(project, 'node_modules')]) if (existsSync(path)) chmodSync(path, 0o555);
  return {};
}

it('runs the bundle of an image as another user without write access', async () => {
  await promisify(execFile)(process.execPath, [join(project, 'packages/launch/src/prepare.mjs'), join(project, 'app/main.ts')]);
  const [bundle = ''] = bundlesOf('app+main.ts');
  // Neither the sources nor a new bundle would print this.
  writeFileSync(join(bundles, 'app+main.ts', bundle, 'main.mjs'), "console.log(JSON.stringify('from the build'));");
  expect(await run(withoutWriting())).toBe('from the build');
});

it('runs with tsx if nothing can be written, and reports an error in a source', async () => {
  expect(await run(withoutWriting())).toEqual(outcome);
  expect(existsSync(bundles)).toBe(false);
  chmodSync(join(project, 'node_modules'), 0o755);
  write('app/later.ts', 'export const failing = (: Error => 1;');
  await expect(run()).rejects.toThrow(/later\.ts:1:/);
});
