// Sends the same request over a few kept connections for some seconds, and measures the times of the responses.
import { Agent, request as startRequest } from 'node:http';
import { percentile } from '../statistics.ts';

export type Load = { url: string; method?: string; headers?: Record<string, string>; body?: string; seconds: number; connections: number };
export type LoadFigures = { requests: number; per_second: number; p50_ms: number; p99_ms: number };

const WARM_UP_REQUESTS = 50;

export async function measureLoad(load: Load): Promise<LoadFigures> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
  for (let index = 0; index < WARM_UP_REQUESTS; index++) await sendOnce(load, agent);
  const times: number[] = [];
  const start = performance.now();
  const end = start + load.seconds * 1000;
  const connection = async () => {
    while (performance.now() < end) times.push(await sendOnce(load, agent));
  };
  await Promise.all(Array.from({ length: load.connections }, connection));
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  const milliseconds = (part: number) => Number(percentile(times, part).toFixed(2));
  return {
    requests: times.length,
    per_second: Number((times.length / seconds).toFixed(1)),
    p50_ms: milliseconds(0.5),
    p99_ms: milliseconds(0.99),
  };
}

/** Milliseconds to the end of the response, which must be a success. */
function sendOnce({ url, method = 'GET', headers = {}, body }: Load, agent: Agent): Promise<number> {
  const start = performance.now();
  return new Promise((done, fail) => {
    const request = startRequest(url, { method, headers, agent }, (answer) => {
      const status = answer.statusCode ?? 0;
      answer
        .resume()
        .on('end', () => (status < 300 ? done(performance.now() - start) : fail(new Error(`${method} ${url} answered ${status}`))))
        .on('error', fail);
    });
    request.on('error', fail).end(body);
  });
}
