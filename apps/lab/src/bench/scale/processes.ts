// The processes of the experiment: Redis, APIs, simulated workers; and what they take of the machine.
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface RunningProcess {
  name: string;
  pid: number;
  stop(): Promise<void>;
}

const stopMs = 15_000;

export function toRunning(name: string, child: ChildProcess): RunningProcess {
  return {
    name,
    pid: child.pid ?? 0,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const late = sleep(stopMs, undefined, { ref: false }).then(() => void child.kill('SIGKILL'));
      await Promise.race([exited, late]);
      await exited;
    },
  };
}

export async function startRedis(directory: string): Promise<RunningProcess & { url: string }> {
  if (spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status !== 0) throw new Error('redis-server is missing; on Debian: apt-get install redis-server');
  const port = await freePort();
  const child = spawn('redis-server', [
    '--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction',
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const chunk of child.stdout) if (String(chunk).includes('Ready to accept')) break;
  return { ...toRunning('redis', child), url: `redis://127.0.0.1:${port}` };
}

export function startNode(name: string, entry: string, env: NodeJS.ProcessEnv, args: string[] = []): ChildProcess {
  return fork(fileURLToPath(new URL(entry, import.meta.url)), args, { execArgv: ['--import', import.meta.resolve('tsx')], env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

export async function startApi(name: string, env: NodeJS.ProcessEnv): Promise<RunningProcess & { url: string }> {
  const port = await freePort();
  const running = toRunning(name, startNode(name, '../../../../api/src/main.ts', { ...env, PORT: String(port) }));
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const isUp = await fetch(`${url}/healthz`).then(({ ok }) => ok, () => false);
    if (isUp) return { ...running, url };
    if (tries > 600) throw new Error(`${name} did not start`);
    await sleep(200);
  }
}

/** Megabytes that are in memory now; 0 for a process that is gone. */
export async function residentMegabytes({ pid }: { pid: number }): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
