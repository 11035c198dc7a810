// Databases that cannot be opened: the message names the setting and what to do.
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { checkDatabase } from '@styleforge/database';
import { expect, it, onTestFinished } from 'vitest';

it('a server without TLS, and a URL that asks for it', async () => {
  // Postgres responds with N to a request for TLS (Frontend/Backend Protocol, SSLRequest).
  const server = createServer((socket) => void socket.once('data', () => socket.end('N'))).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  await expect(checkDatabase(`postgres://someone:secret@127.0.0.1:${port}/styles?sslmode=require`)).rejects.toThrow(
    /^DATABASE_URL: the database styles at 127\.0\.0\.1:\d+ cannot be opened by someone: .*does not support SSL.*; remove sslmode from the URL/,
  );
});
