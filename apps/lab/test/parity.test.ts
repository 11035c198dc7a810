// The parity command: passes on both reference folders, and misses where a reference differs or is absent.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { typeScript } from '@styleforge/launch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CaseResult } from '../src/parity/case-result.ts';
import { parseFormula } from '../src/parity/formula.ts';
import { parityCases } from '../src/parity/main.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const minutes = 60_000;

async function collect(directory: string): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for await (const result of parityCases(directory)) results.push(result);
  return results;
}

const groupsOf = (results: CaseResult[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { case: name } of results) counts[name.split('.')[0]] = (counts[name.split('.')[0]] ?? 0) + 1;
  return counts;
};

it.each([
  ['golden', { tokens: 1, metrics: 6, samplers: 36, 'noise-scheduler': 1, forward: 5, clip: 3, 'text-to-image': 2, train: 10 }],
  ['golden-variant', { tokens: 1, metrics: 6, samplers: 60, 'noise-scheduler': 1, forward: 5, clip: 3, 'text-to-image': 2, train: 8 }],
])('passes on test/%s', { timeout: 10 * minutes }, async (folder, expected) => {
  const results = await collect(join(repository, 'test', folder));
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(groupsOf(results)).toEqual(expected);
});

it('passes on test/golden-methods', { timeout: 10 * minutes }, async () => {
  const results = await collect(join(repository, 'test', 'golden-methods'));
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(groupsOf(results)).toEqual({
    'custom-diffusion': 11,
    'lora-sdxl': 14,
    lora: 16,
    sdxl: 27,
    styledrop: 15,
    'textual-inversion-sdxl': 4,
    'textual-inversion': 10,
  });
});

describe('a folder with differences', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'parity-'));
    for (const name of ['tokens.json', 'metrics.json', 'metrics-features.safetensors', 'samplers.json', 'samplers.safetensors']) {
      await cp(join(repository, 'test', 'golden', name), join(directory, name));
    }
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is reported with what differs and what is missing, and the rest still runs', { timeout: minutes }, async () => {
    const edit = async (name: string, change: (text: string) => string) => {
      await writeFile(join(directory, name), change(await readFile(join(directory, name), 'utf8')));
    };
    await edit('tokens.json', (text) => text.replace('49406, 320, 1125', '49406, 320, 1126'));
    await edit('metrics.json', (text) => text.replace(/"fid": 0\.519/, '"fid": 0.520'));
    await edit('samplers.json', (text) => text.replace('0.012', '0.0121'));
    const results = await collect(directory);
    const missed = results.filter(({ ok }) => !ok).map(({ case: name }) => name);
    expect(missed).toEqual(
      expect.arrayContaining(['tokens', 'metrics.0.fid', 'samplers.ddim.20', 'forward', 'clip', 'text-to-image', 'train']),
    );
    expect(results.find(({ case: name }) => name === 'forward')?.error).toMatch(/tiny-sd/);
    expect(results.filter(({ ok }) => ok).map(({ case: name }) => name)).toEqual(
      expect.arrayContaining(['metrics.0.kid', 'metrics.1.fid', 'samplers.ddim.20.timesteps']),
    );
  });

  it('is reported by the exit code, with one JSON object per line', { timeout: 2 * minutes }, async () => {
    const empty = join(directory, 'empty');
    await mkdir(empty);
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [...typeScript('apps/lab/src/parity/main.ts'), ...args], { cwd: repository });
    const failed = run(empty);
    expect(failed.status).toBe(1);
    const lines = failed.stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as CaseResult);
    expect(lines.map(({ case: name, ok }) => `${name} ${ok}`)).toContain('train false');
    expect(run().status).toBe(2);
  });
});

describe('the fake model of samplers.json', () => {
  it.each([
    ['eps(x,t)=0.3*x+0.05*sin(3*x+t/100)', (x: number, t: number) => 0.3 * x + 0.05 * Math.sin(3 * x + t / 100)],
    ['-(x - 2*t) / (1 + abs(x)) * 1e-2', (x: number, t: number) => (-(x - 2 * t) / (1 + Math.abs(x))) * 1e-2],
    ['x-1-t-2', (x: number, t: number) => x - 1 - t - 2],
  ])('%s', (formula, expected) => {
    const values = parseFormula(formula)(Float32Array.of(0.7, -1.5), 431);
    expect(values[0]).toBeCloseTo(expected(Math.fround(0.7), 431), 4);
    expect(values[1]).toBeCloseTo(expected(-1.5, 431), 4);
  });

  it.each(['x+', 'foo(x)', 'sin(x', '2 x', 'x.constructor'])('refuses %s', (formula) => {
    expect(() => parseFormula(formula)).toThrow(/formula/);
  });
});
