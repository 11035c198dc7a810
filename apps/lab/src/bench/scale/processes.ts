// The processes of the experiment: APIs, simulated workers.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { forkTypeScript } from '@styleforge/launch';
import { freePort } from '@styleforge/stack';

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

export function startNode(entry: string, env: NodeJS.ProcessEnv, args: string[] = []): ChildProcess {
  return forkTypeScript(new URL(entry, import.meta.url), args, {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--import', new URL('../../start/end-with-parent.mjs', import.meta.url).href],
  });
}

export async function startApi(name: string, env: NodeJS.ProcessEnv): Promise<RunningProcess & { url: string }> {
  const port = await freePort();
  const child = startNode('../../../../api/src/main.ts', { ...env, PORT: String(port) });
  const running = toRunning(name, child);
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const isUp = await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return { ...running, url };
    if (tries > 600 || child.exitCode !== null) throw new Error(`${name} did not start`);
    await sleep(200);
  }
}
