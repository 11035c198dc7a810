// Starts that cannot succeed: what the first one says, and that the next one is still the first.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@styleforge/config';
import { startService } from '@styleforge/lab';
import { afterAll, beforeAll, expect, it } from 'vitest';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-start-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const start = (settings: Record<string, string>) =>
  startService({
    config: loadConfig({
      PORT: '0',
      LOG_LEVEL: 'error',
      DATA_DIRECTORY: join(directory, 'data'),
      BASE_MODELS_DIRECTORY: directory,
      ...settings,
    }),
  });

it('names PORT if another program uses it, even one that looks like the API, and creates nothing', async () => {
  const other = createServer((_request, answer) => answer.end('{"status":"ok"}')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(start({ PORT: String(port) })).rejects.toThrow(`PORT: another program already listens at 127.0.0.1, port ${port}`);
  await expect(start({ HOST: '192.0.2.1' })).rejects.toThrow('HOST: this machine has no address 192.0.2.1');
  expect(existsSync(join(directory, 'data'))).toBe(false);
  other.close();
});

it('names REDIS_URL immediately if no Redis responds, and creates nothing', async () => {
  await expect(start({ REDIS_URL: 'redis://127.0.0.1:1' })).rejects.toThrow(/^REDIS_URL: .*ECONNREFUSED/);
  expect(existsSync(join(directory, 'data'))).toBe(false);
});

it('shows the key at the first start that succeeds', async () => {
  await expect(start({ DEVICE: 'cuda' })).rejects.toThrow(/the worker process ended/);
  const { apiKey, url, stop } = await start({});
  expect(apiKey).toMatch(/^sf_/);
  expect((await fetch(`${url}/v1/datasets`, { headers: { authorization: `Bearer ${apiKey}` } })).status).toBe(200);
  await stop();
}, 120_000);
