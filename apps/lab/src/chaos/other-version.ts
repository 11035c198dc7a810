// An API and a worker of another version of this project, on the same database, queue and store, as during a rolling update.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from '@styleforge/stack';
import { type ServiceProcess, startServiceProcess } from '../start/service-process.ts';
import { untilHealthy, untilReadyMessage } from '../start/start-service.ts';

/** One version's processes. Each id changes when its process is restarted. */
export interface Side {
  /** Prefix of the process in the names of faults; empty for this version. */
  name: '' | 'other ';
  url: string;
  workerPid(): number | undefined;
  apiPid(): number | undefined;
}

export interface OtherVersion {
  /** A checkout with installed packages. */
  path: string;
  /** Settings and clock of the stack. */
  env: NodeJS.ProcessEnv;
  logDirectory: string;
  onGivenUp(error: Error): void;
}

/** Refuses a folder that is not a checkout, before anything is started. */
export function checkOtherVersion(path: string): void {
  for (const part of [...Object.values(entries), launcher, 'node_modules']) {
    if (!existsSync(join(path, part)))
      throw new Error(`--other-version ${path}: ${part} is missing there; give a checkout of this repository in which \`npm ci\` has run`);
  }
}

const entries = { API: 'apps/api/src/main.ts', worker: 'apps/worker/src/main.ts' };
const launcher = 'packages/launch/src/run.mjs';

export async function startOtherVersion(
  { path, env, logDirectory, onGivenUp }: OtherVersion,
  opened: (() => Promise<void>)[],
): Promise<Side> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const start = async (
    name: keyof typeof entries,
    options: Pick<Parameters<typeof startServiceProcess>[0], 'untilReady' | 'stopDeadlineMs'>,
  ) => {
    const started: ServiceProcess = await startServiceProcess({
      ...options,
      ...{ name: `other ${name}`, onGivenUp, logFile: join(logDirectory, `other-${name.toLowerCase()}.log`) },
      // Uses the other version's launcher, because this one's would load the packages of this version.
      entry: pathToFileURL(join(path, launcher)),
      args: [join(path, entries[name])],
      env: { ...env, PORT: String(port) },
    });
    opened.push(() => started.stop());
    return started;
  };
  const api = await start('API', { untilReady: () => untilHealthy(`${url}/healthz`), stopDeadlineMs: 12_000 });
  const worker = await start('worker', { untilReady: untilReadyMessage, stopDeadlineMs: 35_000 });
  return { name: 'other ', url, workerPid: () => worker.pid, apiPid: () => api.pid };
}
