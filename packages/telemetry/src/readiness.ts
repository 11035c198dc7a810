// Checks whether everything that a process depends on responds, and how fast.
import { statfs } from 'node:fs/promises';
import type { Readiness } from '@styleforge/contracts';
import { withDeadline } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

const checkDeadlineMs = 3_000;

/** Throws if the dependency is down. */
export type ReadinessCheck = () => Promise<unknown>;

/** An error whose message may be shown to anybody. Other errors are only logged. */
export class NotReadyError extends Error {
  override name = 'NotReadyError';
}

export function createReadiness(
  checks: Record<string, ReadinessCheck>,
  { log, metrics }: { log: Pick<Logger, 'error'>; metrics: Metrics },
): () => Promise<Readiness> {
  return async () => {
    const entries = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        const dependency = await ask(name, check, log);
        metrics.set('styleforge_dependency_up', { dependency: name }, dependency.status === 'up' ? 1 : 0);
        return [name, dependency] as const;
      }),
    );
    const ready = entries.every(([, { status }]) => status === 'up');
    return { status: ready ? 'ready' : 'not_ready', dependencies: Object.fromEntries(entries) };
  };
}

async function ask(name: string, check: ReadinessCheck, log: Pick<Logger, 'error'>): Promise<Readiness['dependencies'][string]> {
  const start = performance.now();
  const latency = () => Math.round((performance.now() - start) * 10) / 10;
  try {
    await withDeadline(name, checkDeadlineMs, check);
    return { status: 'up', latency_ms: latency() };
  } catch (error) {
    log.error({ err: error, dependency: name }, 'dependency is down');
    const detail = error instanceof NotReadyError ? error.message : 'does not respond as it should; the log has the reason';
    return { status: 'down', latency_ms: latency(), detail };
  }
}

/** A check that fails if the database lacks a migration of this version of the service. */
export function migrationsCheck(missing: () => Promise<string[]>): ReadinessCheck {
  return async () => {
    const names = await missing();
    if (names.length > 0)
      throw new NotReadyError(`the database lacks ${names.length} of this version's migrations; run the migrations job`);
  };
}

export function diskSpaceCheck(directory: string, leastMegabytes: number): ReadinessCheck {
  return async () => {
    const free = Math.floor((await freeBytesOf(directory)) / 1024 ** 2);
    if (free < leastMegabytes) throw new NotReadyError(`${free} MB are free, MIN_FREE_DISK_MB requires ${leastMegabytes}`);
  };
}

/** Bytes that this process may still write to the file system of a folder. */
export async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
