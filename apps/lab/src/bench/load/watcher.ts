// Measures the latency of one caller's requests during the load, and the memory of the API with all its processes.
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Part, useOf } from '../scale/resources.ts';
import { percentile } from '../statistics.ts';
import type { Tenant } from './tenants.ts';

type Watched = { url: string; pid: number };
type Sample = { healthMs: number; pollMs: number; failed: boolean };

const EVERY_MS = 100;

export class Watcher {
  readonly #api: Watched;
  readonly #other: Tenant;
  readonly #running: Promise<unknown>;
  #samples: Sample[] = [];
  #peaks: number[] = [];
  #highest = 0;
  #stopped = false;

  constructor(api: Watched, other: Tenant) {
    this.#api = api;
    this.#other = other;
    this.#running = Promise.all([this.#ask(), this.#weigh()]);
  }

  /** Observes for the given time. */
  async phase(milliseconds: number): Promise<object> {
    this.#samples = [];
    this.#peaks = [];
    await sleep(milliseconds);
    const samples = this.#samples.splice(0);
    const figures = (name: string, values: number[]) => ({
      [`${name}_p50_ms`]: rounded(percentile(values, 0.5)),
      [`${name}_p99_ms`]: rounded(percentile(values, 0.99)),
    });
    return {
      asked: samples.length,
      failed: samples.filter(({ failed }) => failed).length,
      ...figures(
        'poll',
        samples.map(({ pollMs }) => pollMs),
      ),
      ...figures(
        'healthz',
        samples.map(({ healthMs }) => healthMs),
      ),
      api_megabytes: Math.max(0, ...this.#peaks),
    };
  }

  peak(): { api_peak_megabytes: number } {
    return { api_peak_megabytes: this.#highest };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #ask(): Promise<void> {
    const { key, jobs } = this.#other;
    const headers = { authorization: `Bearer ${key}` };
    while (!this.#stopped) {
      const [health, poll] = [
        await timed(`${this.#api.url}/healthz`),
        await timed(`${this.#api.url}/v1/training-jobs/${jobs[0]}`, headers),
      ];
      this.#samples.push({ healthMs: health.ms, pollMs: poll.ms, failed: !health.ok || !poll.ok });
      await sleep(EVERY_MS);
    }
  }

  async #weigh(): Promise<void> {
    const part: Part = { name: 'api', pids: () => familyOf(this.#api.pid) };
    while (!this.#stopped) {
      const { megabytes } = await useOf(part);
      this.#peaks.push(megabytes);
      this.#highest = Math.max(this.#highest, megabytes);
      await sleep(EVERY_MS);
    }
  }
}

const rounded = (value: number) => Number(value.toFixed(1));

async function timed(url: string, headers: Record<string, string> = {}): Promise<{ ms: number; ok: boolean }> {
  const start = performance.now();
  const ok = await fetch(url, { headers, signal: AbortSignal.timeout(60_000) }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );
  return { ms: performance.now() - start, ok };
}

/** A process and all its descendants. */
async function familyOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')));
  const children = lists.join(' ').split(' ').filter(Boolean).map(Number);
  return [pid, ...(await Promise.all(children.map(familyOf))).flat()];
}
