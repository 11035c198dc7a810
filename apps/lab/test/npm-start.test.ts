// What a service manager does with `npm start`: a SIGTERM to npm, which must end the service in order.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

it('prints an address that opens, and stops the whole service when npm is ended', { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-npm-start-'));
  const { PATH, HOME } = globalThis.process.env;
  // A group of its own, so that nothing is left of it should the test fail.
  const npm = spawn('npm', ['start', '--silent'], {
    cwd: root,
    env: { PATH, HOME, HOST: '0.0.0.0', PORT: '0', DATA_DIRECTORY: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  onTestFinished(async () => {
    killGroup(npm.pid);
    await rm(directory, { recursive: true, force: true });
  });
  // Open until the last process of the service has ended.
  const closed = once(npm.stdout, 'close');
  let said = '';
  npm.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  npm.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await expect.poll(() => said, { timeout: 60_000 }).toContain('Ctrl-C stops the service');
  const [, url] = /API +(http:\S+)\/v1/.exec(said) ?? [];
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(said).toContain('listens on all addresses of this machine (HOST=0.0.0.0)');
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  npm.kill('SIGTERM');
  await closed;
  expect(said).toContain('Stopping ...');
  await expect(fetch(`${url}/readyz`)).rejects.toThrow('fetch failed');
});

function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
