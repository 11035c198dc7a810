// Starts a private Redis with the settings that BullMQ requires: no eviction, and everything persisted.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@styleforge/stack';
import { isInstalled } from './not-tested.ts';

export const hasRedis = isInstalled('redis-server', '--version');
/** The reason why no Redis can be started; undefined if one can. */
export const redisMissing = hasRedis ? undefined : 'there is no redis-server on the PATH (Debian: apt-get install redis-server)';

export async function startRedis(): Promise<{ redisUrl: string; stop(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-redis-'));
  const port = await freePort();
  const child = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      directory,
      '--appendonly',
      'yes',
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = new Promise((done) => child.once('exit', done));
  await new Promise<void>((done, fail) => {
    child.once('exit', (code) => fail(new Error(`redis-server ended with ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Ready to accept connections')) done();
    });
  });
  return {
    redisUrl: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
