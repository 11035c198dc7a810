// Resource usage of the experiment's processes, from /proc (Linux only).
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Database } from '@styleforge/database';

/** One part of the service: a process, or a server with its helpers. */
export interface Part {
  name: string;
  pids(): Promise<number[]>;
}

export interface Use {
  /** Private memory of all its processes, plus their shared memory counted once. */
  megabytes: number;
  cpuSeconds: number;
}

const ticksPerSecond = 100;
const readText = (path: string) => readFile(path, 'utf8').catch(() => '');

export async function useOf({ pids }: Part): Promise<Use> {
  const uses = await Promise.all((await pids()).map(useOfProcess));
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const kilobytes = sum(uses.map(({ own }) => own)) + Math.max(...uses.map(({ shared }) => shared), 0);
  return { megabytes: Math.round(kilobytes / 1024), cpuSeconds: sum(uses.map(({ ticks }) => ticks)) / ticksPerSecond };
}

/** Zeros for a process that has ended. */
async function useOfProcess(pid: number): Promise<{ own: number; shared: number; ticks: number }> {
  const [status, stat] = await Promise.all([readText(`/proc/${pid}/status`), readText(`/proc/${pid}/stat`)]);
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  // After the name, which may have spaces: utime and stime are the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    own: kilobytes('RssAnon'),
    shared: kilobytes('RssFile') + kilobytes('RssShmem'),
    ticks: Number(fields[11] ?? 0) + Number(fields[12] ?? 0),
  };
}

/** The Postgres server of this database, with all its processes. */
export async function postgresPart({ measurements }: Database): Promise<Part> {
  const server = await measurements.serverProcess();
  return { name: 'postgres', pids: async () => [server, ...(await childrenOf(server))] };
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => readText(`/proc/${pid}/task/${thread}/children`)));
  return lists.join(' ').split(' ').filter(Boolean).map(Number);
}

export async function redisPart(redisUrl: string): Promise<Part> {
  const pid = Number((await redisInfo(redisUrl))['process_id']);
  return { name: 'redis', pids: async () => [pid] };
}

/** Megabytes of Redis' data, as reported by Redis. */
export async function redisDataMegabytes(redisUrl: string): Promise<{ now: number; peak: number }> {
  const info = await redisInfo(redisUrl);
  const megabytes = (name: string) => Math.round((Number(info[name]) / 1_048_576) * 10) / 10;
  return { now: megabytes('used_memory'), peak: megabytes('used_memory_peak') };
}

async function redisInfo(redisUrl: string): Promise<Record<string, string>> {
  const { stdout } = await promisify(execFile)('redis-cli', ['-u', redisUrl, 'info']);
  return Object.fromEntries(
    stdout.split('\r\n').flatMap((line) => {
      const [name = '', value] = line.split(':');
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
