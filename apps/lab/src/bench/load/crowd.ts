// Simulated callers: readers of event streams, senders of slow uploads, and simultaneous polls.
import { Agent, type ClientRequest, type IncomingMessage, request as startRequest, type RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../statistics.ts';
import type { Tenant } from './tenants.ts';

export interface Crowd {
  url: string;
  tenants: Tenant[];
}

export interface OpenRequests {
  figures(): object;
  stop(): Promise<void>;
}

const UPLOAD_BYTES = 24_000_000;
const TRICKLE = Buffer.alloc(2_048);
const SETTLE_MS = 3_000;
const MOST_SOCKETS = 15_000;

/** Counts of responses by outcome: a status, or `closed` if there was no response. */
class Outcomes {
  readonly counts: Record<string, number> = {};
  add(outcome: string | number): void {
    this.counts[outcome] = (this.counts[outcome] ?? 0) + 1;
  }
}

const tenantOf = ({ tenants }: Crowd, index: number): Tenant => tenants[index % tenants.length] as Tenant;

function open(url: string, options: RequestOptions, outcomes: Outcomes, onResponse: (response: IncomingMessage) => void): ClientRequest {
  let answered = false;
  const request = startRequest(url, { agent: false, ...options }, (response) => {
    answered = true;
    outcomes.add(response.statusCode ?? 0);
    onResponse(response);
  });
  request.on('error', () => answered || outcomes.add('closed'));
  return request;
}

export async function openStreams(crowd: Crowd, count: number): Promise<OpenRequests> {
  const [outcomes, requests] = [new Outcomes(), [] as ClientRequest[]];
  for (let index = 0; index < count; index += 1) {
    const { key, jobs } = tenantOf(crowd, index);
    const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream' };
    const url = `${crowd.url}/v1/training-jobs/${jobs[index % jobs.length]}/events`;
    requests.push(open(url, { headers }, outcomes, (response) => response.on('error', () => undefined).resume()));
    requests.at(-1)?.end();
    if (index % 50 === 49) await sleep(50);
  }
  await sleep(SETTLE_MS);
  return { figures: () => ({ streams: { ...outcomes.counts } }), stop: async () => requests.forEach((request) => request.destroy()) };
}

/** Each upload declares 24 MB, and sends a few bytes at a time. */
export async function openUploads(crowd: Crowd, count: number): Promise<OpenRequests> {
  const [outcomes, requests] = [new Outcomes(), [] as ClientRequest[]];
  const head = Buffer.from('--b\r\nContent-Disposition: form-data; name="images"; filename="slow.png"\r\nContent-Type: image/png\r\n\r\n');
  const ended = new Set<ClientRequest>();
  for (let index = 0; index < count; index += 1) {
    const { key, datasetId } = tenantOf(crowd, index);
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': head.length + UPLOAD_BYTES,
    };
    const url = `${crowd.url}/v1/datasets/${datasetId}/images`;
    const request = open(url, { method: 'POST', headers }, outcomes, (response) => {
      ended.add(request);
      response.on('error', () => undefined).resume();
    });
    request.on('close', () => ended.add(request));
    request.write(head);
    requests.push(request);
  }
  const trickle = setInterval(() => {
    for (const request of requests) if (!ended.has(request)) request.write(TRICKLE);
  }, 500);
  await sleep(SETTLE_MS);
  return {
    figures: () => ({ uploads: { open: requests.length - ended.size, ...outcomes.counts } }),
    async stop() {
      clearInterval(trickle);
      for (const request of requests) request.destroy();
    },
  };
}

/** Sends all polls at once, each on its own connection. */
export async function pollAtOnce(crowd: Crowd, count: number): Promise<object> {
  const [outcomes, times] = [new Outcomes(), [] as number[]];
  // The number of files that a process may open is limited.
  const agent = new Agent({ keepAlive: false, maxSockets: MOST_SOCKETS });
  const poll = (index: number): Promise<void> =>
    new Promise((done) => {
      const { key, jobs } = tenantOf(crowd, index);
      const start = performance.now();
      const url = `${crowd.url}/v1/training-jobs/${jobs[index % jobs.length]}`;
      const request = open(url, { agent, headers: { authorization: `Bearer ${key}` } }, outcomes, (response) => {
        if (response.statusCode === 200) times.push(performance.now() - start);
        response.on('error', () => undefined).resume();
      });
      request.on('close', done).end();
    });
  const start = performance.now();
  await Promise.all(Array.from({ length: count }, (_, index) => poll(index)));
  agent.destroy();
  return {
    polls: { ...outcomes.counts },
    seconds: Number(((performance.now() - start) / 1_000).toFixed(1)),
    ...(times.length > 0 && { answered_p50_ms: Math.round(percentile(times, 0.5)), answered_p99_ms: Math.round(percentile(times, 0.99)) }),
  };
}
