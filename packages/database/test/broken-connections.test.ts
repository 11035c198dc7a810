// The server ends a connection when the pool gives it to a query: the statement fails, and the process survives.
import { clientOf } from '@styleforge/database/testing';
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { createDatabase, type Database, isDatabaseAway } from '@styleforge/database';
import { startTestDatabase, type TestDatabase } from '@styleforge/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let fixture: TestDatabase;
let proxy: Server;
let database: Database;
let endAtNextReady = false;

/** The message with which Postgres ends a connection: `FATAL`, `57P01`. */
function farewell(): Buffer {
  const fields = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0');
  const message = Buffer.alloc(5 + fields.length);
  message.write('E');
  message.writeInt32BE(4 + fields.length, 1);
  fields.copy(message, 5);
  return message;
}

const READY = Buffer.from([0x5a, 0, 0, 0, 5]);

beforeAll(async () => {
  fixture = await startTestDatabase();
  const { hostname, port } = new URL(fixture.databaseUrl);
  proxy = createServer((near) => {
    const far = connect({ host: hostname, port: Number(port) });
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy());
    far.on('data', (piece: Buffer) => {
      if (!endAtNextReady || !piece.subarray(-6, -1).equals(READY)) return void near.write(piece);
      endAtNextReady = false;
      // Both in one packet, as a stopping server sends them.
      near.end(Buffer.concat([piece, farewell()]));
      far.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = new URL(fixture.databaseUrl);
  url.port = String((proxy.address() as AddressInfo).port);
  database = createDatabase(url.href, { maxConnections: 1 });
}, 120_000);
afterAll(async () => {
  await database.close();
  proxy.close();
  await fixture.close();
});

it('a broken connection fails only the transaction that was using it', async () => {
  const prisma = clientOf(database);
  await prisma.$queryRaw`select 1`;
  // Prisma sends nothing before the result is awaited.
  const first = prisma.$queryRaw`select pg_sleep(0.5)::text as slept`.then((rows) => rows);
  endAtNextReady = true;
  // Waits for the only connection, and gets it when its last message arrives.
  const second = prisma.$transaction(async (tx) => tx.$queryRaw`select 2 as two`).catch((error: unknown) => error);
  await first;
  expect(isDatabaseAway(await second)).toBe(true);
  expect(await prisma.$queryRaw`select 3 as three`).toEqual([{ three: 3 }]);
});
