// A small HTTP server for processes without one: liveness, readiness and metrics.
import { createServer } from 'node:http';
import type { Metrics } from './metrics.ts';

export interface StatusServer {
  /** The given port, or the port that was chosen for 0. */
  port: number;
  close(): Promise<void>;
}

export interface StatusServerOptions {
  host: string;
  port: number;
  metrics: Metrics;
  readiness(): Promise<{ status: 'ready' | 'not_ready' }>;
}

type Answer = { status: number; contentType: string; body: string };

export async function startStatusServer({ host, port, metrics, readiness }: StatusServerOptions): Promise<StatusServer> {
  const answers: Record<string, () => Promise<Answer>> = {
    '/healthz': async () => json(200, { status: 'ok' }),
    '/readyz': async () => {
      const ready = await readiness();
      return json(ready.status === 'ready' ? 200 : 503, ready);
    },
    '/metrics': async () => ({ status: 200, ...(await metrics.scrape()) }),
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url?.split('?')[0] ?? ''] ?? (async () => json(404, { status: 'not_found' }));
    answer()
      .catch((): Answer => json(500, { status: 'error' }))
      .then(
        ({ status, contentType, body }) => response.writeHead(status, { 'content-type': contentType }).end(body),
        () => response.destroy(),
      );
  });
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, host, done));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

const json = (status: number, body: object): Answer => ({ status, contentType: 'application/json', body: JSON.stringify(body) });
