// Every program of package.json explains itself and refuses options that it does not have.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '@styleforge/contracts';
import { typeScript } from '@styleforge/launch';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const programs = Object.entries(scripts).flatMap(([name, command]) => {
  const entry = /bootstrap\.mjs (apps\/\S+)$/.exec(command)?.[1];
  return entry ? [[name, join(root, entry)] as const] : [];
});
const scratch = mkdtempSync(join(tmpdir(), 'styleforge-programs-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const run = (entry: string, ...args: string[]) =>
  spawnSync(process.execPath, [...typeScript(entry), ...args], { cwd: scratch, encoding: 'utf8', timeout: 120_000 });

describe.each(programs)('npm run %s', (_name, entry) => {
  it('prints its usage and does nothing else', () => {
    const help = run(entry, '--help');
    expect([help.status, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toMatch(/^Usage: /);
    expect(help.stdout).toContain('--help');
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('refuses an unknown option with exit code 2 and a sentence', () => {
    const { status, stderr } = run(entry, '--no-such-option');
    expect(status).toBe(2);
    expect(stderr).toMatch(/no-such-option/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

it('every program prints the version of the release', () => {
  for (const name of ['samples', 'styleforge']) {
    expect(run(join(root, /apps\S+$/.exec(scripts[name] ?? '')?.[0] ?? ''), '--version').stdout.trim()).toBe(VERSION);
  }
});

it('npm run samples writes two folders with captions, and refuses folders that contain files', () => {
  const entry = join(root, 'apps/lab/src/samples/main.ts');
  const args = ['--to', join(scratch, 'pictures'), '--size', '16'];
  expect(run(entry, ...args).status).toBe(0);
  for (const folder of ['style', 'aux']) {
    const names = readdirSync(join(scratch, 'pictures', folder));
    expect(names.filter((name) => name.endsWith('.png'))).toHaveLength(20);
    expect(names.filter((name) => name.endsWith('.txt'))).toHaveLength(20);
  }
  const again = run(entry, ...args);
  expect([again.status, again.stderr]).toEqual([1, expect.stringMatching(/already contains 40 files.*--to/)]);
});

it('the command line refuses a misspelt command even with --help', () => {
  const { status, stderr } = run(join(root, 'apps/cli/src/main.ts'), 'NOSUCH', '--help');
  expect([status, stderr]).toEqual([2, expect.stringContaining("unknown command 'NOSUCH'")]);
});
