// The page of apps/dashboard under /app: addresses of screens, assets that never change, what the browser may load.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '@styleforge/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiFixture, startApiFixture } from '../api-fixture.ts';

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
let api: ApiFixture;
let folder: string;
let app: ApiFixture['app'];

beforeAll(async () => {
  api = await startApiFixture();
  folder = await mkdtemp(join(tmpdir(), 'styleforge-page-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>StyleForge</title>');
  await writeFile(join(folder, 'assets/main-ABC.js'), 'export {};'.repeat(100));
  app = await buildApp({ ...api.options, dashboard: { directory: folder, imageOrigins: ['https://bucket.example'] } });
});
afterAll(async () => {
  await app.close();
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the dashboard at /app', () => {
  it('redirects browsers from / to it, but not programs', async () => {
    const browser = await app.inject({ url: '/', headers: html });
    expect([browser.statusCode, browser.headers['location']]).toEqual([302, '/app']);
    expect((await app.inject({ url: '/' })).statusCode).toBe(404);
  });

  it.each(['/app', '/app/', '/app/jobs/job_0123'])(
    'serves the page at %s, and allows it to load only from the service and its store',
    async (url) => {
      const { statusCode, headers, body } = await app.inject({ url, headers: html });
      expect([statusCode, headers['content-type'], headers['cache-control']]).toEqual([200, 'text/html; charset=utf-8', 'no-cache']);
      expect(body).toContain('<title>StyleForge');
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain(
        "default-src 'self'; img-src 'self' blob: data: https://bucket.example; connect-src 'self' https://bucket.example",
      );
      expect(policy).not.toMatch(/unsafe/);
    },
  );

  it('serves compressed assets that may be cached for a year, and 404 for missing ones', async () => {
    const asset = await app.inject({ url: '/app/assets/main-ABC.js', headers: { 'accept-encoding': 'gzip' } });
    expect(asset.headers).toMatchObject({ 'content-encoding': 'gzip', 'cache-control': 'public, max-age=31536000, immutable' });
    expect(asset.rawPayload.length).toBeLessThan(100);
    expect((await app.inject({ url: '/app/assets/main-ABC.js' })).body).toBe('export {};'.repeat(100));
    expect((await app.inject({ url: '/app/assets/..%2f..%2fpackage.json' })).statusCode).toBe(404);
  });

  it('says how to build the page if it is missing', async () => {
    const empty = await buildApp({ ...api.options, dashboard: { directory: join(folder, 'none'), imageOrigins: [] } });
    try {
      expect((await empty.inject('/app')).json()).toMatchObject({
        code: 'not_found',
        detail: expect.stringContaining('npm start') as unknown,
      });
    } finally {
      await empty.close();
    }
  });
});
