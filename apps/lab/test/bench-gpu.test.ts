// Benchmarks as people start them: all of a device's measurements in one go, and where the time of a step goes.
import { typeScript } from '@styleforge/launch';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';

const main = new URL('../src/bench/main.ts', import.meta.url);
const bench = (...args: string[]): Promise<{ stdout: string }> => promisify(execFile)(process.execPath, [...typeScript(main), ...args]);

async function temporaryFile(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, name);
}

describe('npm run bench -- gpu', () => {
  it('writes down what it has measured', async () => {
    const out = await temporaryFile('measured.md');
    const json = await temporaryFile('measured.json');
    await bench('gpu', '--device', 'cpu', '--only', 'sampling, small', '--out', out, '--json', json);
    expect(await readFile(out, 'utf8')).toMatch(/\| sampling, small \| [\d.]+ \| [\d.]+ (\| {2}){7}\|\n$/);
    expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({
      device: 'cpu',
      rows: [{ name: 'sampling, small', seconds: expect.any(Number), gibibytes: expect.any(Number), torch: {} }],
    });
  });

  it('reports a failed measurement, continues with the next, and fails at the end', async () => {
    const out = await temporaryFile('measured.md');
    const failed = (await bench('gpu', '--device', 'cuda', '--only', 'sampling', '--out', out).catch((error: unknown) => error)) as {
      code: number;
      stderr: string;
    };
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^2 of 2 measurements failed:\n- sampling, sd15: ended by exit code 1: .*\n- sampling, small: .*\n$/);
    expect(failed.stderr).toContain('CUDA provider is not installed');
    const rows = (await readFile(out, 'utf8')).split('\n').filter((line) => line.startsWith('| sampling'));
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toContain('CUDA provider is not installed');
  });
});

describe('npm run bench -- first-run', () => {
  it('confirms every claim on the processor', async () => {
    const { stdout } = await bench('first-run', '--device', 'cpu');
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(9);
    expect(lines.filter(({ failed }) => failed !== undefined)).toEqual([]);
    expect(lines[3]).toEqual({ what: 'a recorded pass equals one that is not, to the bit', different: 0 });
  });

  it('says once what a missing device lacks and how to install it, without a stack trace, and fails', async () => {
    const refused = (await bench('first-run', '--device', 'cuda').catch((error: unknown) => error)) as {
      code: number;
      stdout: string;
      stderr: string;
    };
    expect(refused.code).toBe(1);
    expect(refused.stdout.trim().split('\n')).toHaveLength(1);
    expect(refused.stderr).toMatch(
      /^the device 'cuda' cannot be used: .* has no libonnxruntime_providers_cuda\.so; install it with .*\nThe other 8 checks were not run\.\n$/,
    );
  });
});

describe('npm run bench -- train --profile', () => {
  it('shows where the time is spent, and deletes its trace', async () => {
    const { stdout } = await bench('train', '--steps', '1', '--profile');
    const times = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number | string>)
      .filter(({ operation }) => operation !== undefined);
    expect(times.length).toBe(15);
    expect(times.map(({ operation }) => operation)).toContain('Gemm');
    const shares = times.map(({ share }) => Number(share));
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1.001);
  });
});

describe('npm run bench -- parity', () => {
  it('finds no difference between a device and itself', async () => {
    const { stdout } = await bench('parity', '--device', 'cpu', '--steps', '1');
    expect(JSON.parse(stdout)).toMatchObject({ device: 'cpu', losses: 0, grad_norms: 0, weights: 0 });
  });
});
