// Benchmarks explain their options, and refuse a wrong call without a stack trace.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { typeScript } from '@styleforge/launch';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../src/bench/main.ts', import.meta.url));

async function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [...typeScript(program), ...args])) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

it('help lists the options with their defaults', async () => {
  const { code, stdout, stderr } = await bench('train', '--help');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^Usage: npm run bench -- train \[options\]\n/);
  expect(stdout).toMatch(/--steps STEPS +steps to run \(default: 10\)/);
});

it('an option that does not exist is refused with the usage', async () => {
  const { code, stdout, stderr } = await bench('scale', '--no-such-option');
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^Unknown option '--no-such-option'.*\n\nUsage: npm run bench -- scale/s);
});

it('a wrong value is refused with its option and the choices', async () => {
  expect(await bench('train', '--steps', 'x')).toMatchObject({ code: 2, stderr: '--steps x: give a whole number from 1 on\n' });
  expect((await bench('sample', '--geometry', 'sd3')).stderr).toMatch(/^--geometry sd3: choose one of .*sd15, sdxl.*\n$/);
});
