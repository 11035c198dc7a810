// Starts the API listening.
import { listenError } from '@styleforge/config';
import { buildApp } from './app.ts';
import type { ApiOptions } from './dependencies.ts';
import type { ApiServer } from './http/api-server.ts';
import { WorkerWatch } from './services/operations/worker-watch.ts';

export type StartApiOptions = ApiOptions & { host: string; port: number };
export type RunningApi = { url: string; app: ApiServer; close(): Promise<void> };

/**
 * Port 0 selects a free port, which `url` contains. Throws an error that names the setting if it cannot listen. Closing the API leaves the
 * dependencies open.
 */
export async function startApi({ host, port, ...options }: StartApiOptions): Promise<RunningApi> {
  const app = await buildApp(options);
  const url = await app.listen({ host, port }).catch(async (error: unknown) => {
    await app.close();
    throw listenError(error, { host, port, setting: 'PORT' });
  });
  const watch = new WorkerWatch(options.database, app.log);
  const close = async () => {
    await watch.close();
    await app.close();
  };
  return { url, app, close };
}
