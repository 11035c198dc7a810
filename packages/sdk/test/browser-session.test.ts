// A signed-in browser: the test handles its cookies, and the client adds the CSRF token.
import { StyleForge } from '@styleforge/sdk';
import { VERSION } from '@styleforge/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSdkFixture } from './service-fixture.ts';
import type { SdkFixture } from './service-fixture.ts';

let service: SdkFixture;
beforeAll(async () => {
  service = await startSdkFixture();
});
afterAll(() => service.close());

/** `fetch` with cookies, as in a browser. */
function browserFetch(): typeof fetch {
  let cookie: string | undefined;
  return async (input, init = {}) => {
    const headers = new Headers(init.headers);
    if (cookie !== undefined) headers.set('cookie', cookie);
    const response = await fetch(input as string, { ...init, headers });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) cookie = set.includes('Max-Age=0') ? undefined : set.split(';')[0];
    return response;
  };
}

it('signs in, writes, and signs out', async () => {
  const { baseUrl } = service.client();
  const client = new StyleForge({ session: true, baseUrl, fetch: browserFetch() as never });
  await expect(client.sessions.me()).rejects.toMatchObject({ status: 401 });
  await client.sessions.create(service.apiKey);
  service.seen.length = 0;
  for (const name of ['a', 'b']) expect(await client.datasets.create({ name, kind: 'aux' })).toMatchObject({ name });
  // The token is read once.
  expect(service.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /v1/me', 'POST /v1/datasets', 'POST /v1/datasets']);
  expect(service.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  await client.sessions.create(service.apiKey);
  expect(await client.sessions.me()).toMatchObject({ project: { id: service.projectId }, service: { version: VERSION } });
  service.seen.length = 0;
  await client.datasets.create({ name: 'known', kind: 'aux' });
  expect(
    service.seen.map(({ url }) => url),
    'the token came with the caller',
  ).toEqual(['/v1/datasets']);
  await client.sessions.end();
  await expect(client.datasets.create({ name: 'c', kind: 'aux' })).rejects.toMatchObject({ status: 401 });
});

it('follows the whole project over a broken connection, with every event once', async () => {
  const client = service.client();
  const leaving = new AbortController();
  const seen: string[] = [];
  await client.datasets.create({ name: 'x', kind: 'aux' });
  const following = (async () => {
    for await (const event of client.events.stream({ types: ['generation.*'], after: '0', signal: leaving.signal })) {
      seen.push(`${event.type} ${event.subject_id}`);
      if (seen.length === 3) return;
    }
  })();
  service.faults.push({ cutAfter: 200 });
  const ids: string[] = [];
  for (const prompt of ['a', 'b', 'c']) ids.push((await client.images.generate({ model: 'tiny', prompts: [prompt] })).id);
  await following;
  expect(seen).toEqual(ids.map((id) => `generation.queued ${id}`));
  const page = await client.events.list({ types: ['generation.*'], limit: 2 });
  expect(page.data.map(({ subject_id }) => subject_id)).toEqual(ids.slice(0, 2));
});
