// A Redis that can be killed, started again on the same port with its file or without it, and paused.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { freePort } from '@styleforge/stack';

export interface RedisProcess {
  redisUrl: string;
  pid(): number;
  /** Kills it and starts it again; `empty`: without its data. */
  restart(empty: boolean): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedisProcess(directory: string): Promise<RedisProcess> {
  const port = await freePort();
  let child = await launch(directory, port);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    redisUrl: `redis://127.0.0.1:${port}`,
    pid: () => child.pid ?? 0,
    async restart(empty) {
      await kill();
      if (empty) await rm(directory, { recursive: true });
      child = await launch(directory, port);
    },
    stop: kill,
  };
}

async function launch(directory: string, port: number): Promise<ChildProcess> {
  await mkdir(directory, { recursive: true });
  const settings = { port, bind: '127.0.0.1', dir: directory, appendonly: 'yes', save: '', 'maxmemory-policy': 'noeviction' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((done, fail) => {
    child.once('error', fail).once('exit', (code) => fail(new Error(`redis-server ended with ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => chunk.includes('Ready to accept connections') && done());
  });
  return child;
}
