// Keeps one process of the service running: starts it, waits until it serves, restarts it when it dies, and stops it within a deadline.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forkTypeScript } from '@styleforge/launch';

/** Doubles after each short lifetime, because a database may take a minute or two to recover from a crash. */
const firstDelayMs = 1_000;
const longestDelayMs = 30_000;
/** Limits after which a process that keeps dying is not restarted: short lifetime, and number of short lifetimes in a row. */
const shortLifeMs = 10_000;
const shortLivesAllowed = 8;

export interface ServiceProcessOptions {
  name: string;
  entry: URL;
  args?: readonly string[];
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Resolves when the process serves; rejects if it does not do so in time. */
  untilReady(child: ChildProcess): Promise<void>;
  stopDeadlineMs: number;
  /** Milliseconds until the first restart. */
  restartDelayMs?: number;
  onGivenUp(error: Error): void;
}

export interface ServiceProcess {
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  let stopping = false;
  let shortLives = 0;
  let child = await launch(options);
  const watch = (current: ChildProcess, startedAt: number) => current.once('exit', () => void restart(startedAt));
  const restart = async (startedAt: number) => {
    if (stopping) return;
    shortLives = Date.now() - startedAt < shortLifeMs ? shortLives + 1 : 0;
    if (shortLives > shortLivesAllowed) return options.onGivenUp(await diedError(options));
    await sleep(Math.min(longestDelayMs, (options.restartDelayMs ?? firstDelayMs) * 2 ** Math.max(0, shortLives - 1)));
    if (stopping) return;
    child = await launch(options);
    if (stopping) return end(child, options.stopDeadlineMs);
    watch(child, Date.now());
  };
  watch(child, Date.now());
  try {
    await Promise.race([options.untilReady(child), once(child, 'exit').then(async () => Promise.reject(await diedError(options)))]);
  } catch (error) {
    stopping = true;
    await end(child, options.stopDeadlineMs);
    throw error;
  }
  return {
    get pid() {
      return child.pid;
    },
    async stop() {
      stopping = true;
      await end(child, options.stopDeadlineMs);
    },
  };
}

async function launch({ entry, args = [], env, logFile }: ServiceProcessOptions): Promise<ChildProcess> {
  await mkdir(dirname(logFile), { recursive: true });
  const log = await open(logFile, 'a');
  const child = forkTypeScript(entry, args, {
    execArgv: ['--import', new URL('end-with-parent.mjs', import.meta.url).href],
    env,
    // Runs in its own session, so that Ctrl-C reaches only the starting process, which then stops everything in order.
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  });
  await log.close();
  return child;
}

async function end(child: ChildProcess, deadlineMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const inTime = await Promise.race([exited.then(() => true), sleep(deadlineMs, false, { ref: false })]);
  if (!inTime) {
    child.kill('SIGKILL');
    await exited;
  }
}

async function diedError({ name, logFile }: ServiceProcessOptions): Promise<Error> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return new Error(`the ${name} process ended; the end of ${logFile}:\n${log.trimEnd().split('\n').slice(-12).join('\n')}`);
}
