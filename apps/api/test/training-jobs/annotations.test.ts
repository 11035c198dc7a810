// Names, notes, metadata and stars of results, and what a generation says of itself while it is made.
import { clientOf } from '@styleforge/database/testing';
import type { GenerationBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';
import { type SeededIds, seedProject } from '../seeded-project.ts';

let api: ApiFixture;
let ids: SeededIds;
beforeAll(async () => {
  api = await startApiFixture();
  ids = await seedProject(api);
});
afterAll(() => api.close());

const pathOf: Record<string, (of: SeededIds) => string> = {
  generation: (of) => `/v1/images/generations/${of['generations']}`,
  evaluation: (of) => `/v1/evaluations/${of['evaluations']}`,
  checkpoint: (of) => `/v1/checkpoints/${of['checkpoints']}`,
  study: (of) => `/v1/studies/${of['studies']}`,
  'prompt set': (of) => `/v1/prompt-sets/${of['prompt-sets']}`,
};

/** Links to the store are signed with the second of the request: the file that they name is compared. */
const withoutSignatures = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body, (key, value: unknown) => (key === 'url' ? String(value).replace(/\?X-Amz-.*$/, '') : value)));

describe.each(Object.keys(pathOf))('a %s', (kind) => {
  it('keeps notes, metadata and a star, and changes only the given fields', async () => {
    const path = pathOf[kind]!(ids);
    const before = await api.call('GET', path);
    expect(before.body).toMatchObject({ notes: '', starred: false, metadata: {} });
    const first = await api.call('PATCH', path, { body: { notes: 'good', metadata: { team: 'red' } } });
    expect(first.status).toBe(200);
    const changed = { ...before.body, notes: 'good', metadata: { team: 'red' } };
    expect(withoutSignatures(first.body)).toEqual(withoutSignatures(changed));
    await api.call('PATCH', path, { body: { starred: true } });
    const after = await api.call('GET', path);
    expect(withoutSignatures(after.body)).toEqual(withoutSignatures({ ...changed, starred: true }));
    expect(after.headers['etag']).not.toBe(before.headers['etag']);
  });

  it('refuses an empty change and unknown fields', async () => {
    const path = pathOf[kind]!(ids);
    for (const body of [{}, { status: 'succeeded' }, { metadata: { 'a:b': 'x' } }])
      expect([body, (await api.call('PATCH', path, { body })).status]).toEqual([body, 422]);
  });
});

it('resources with a name can be renamed, and others refuse a name', async () => {
  for (const kind of ['generation', 'evaluation', 'checkpoint']) {
    const path = pathOf[kind]!(ids);
    expect((await api.call('PATCH', path, { body: { name: 'ink' } })).body).toMatchObject({ name: 'ink' });
    expect((await api.call('PATCH', path, { body: { name: null } })).body).toMatchObject({ name: null });
  }
  expect((await api.call('PATCH', pathOf['study']!(ids), { body: { name: 'three' } })).body).toMatchObject({ name: 'three' });
  expect((await api.call('PATCH', pathOf['study']!(ids), { body: { name: null } })).status).toBe(422);
  expect((await api.call('PATCH', pathOf['prompt set']!(ids), { body: { name: 'x' } })).status).toBe(422);
});

it('a checkpoint with a star is never removed automatically', async () => {
  const { retention } = api.database;
  const prisma = clientOf(api.database);
  const { jobId } = await prisma.checkpoint.findUniqueOrThrow({ where: { id: ids['checkpoints']! } });
  const { id } = await prisma.checkpoint.create({
    data: { id: 'ckpt_old', projectId: api.projectId, jobId, step: 1, objectPrefix: 'x/', files: [], sizeBytes: 0 },
  });
  const expired = async () => (await retention.expiredCheckpoints(new Date(Date.now() + 1_000))).map((row) => row.id);
  expect(await expired()).toContain(id);
  await prisma.checkpoint.update({ where: { id }, data: { starred: true } });
  expect(await expired()).not.toContain(id);
});

describe('the events of a generation', () => {
  const streamOf = async (path: string, headers = {}) =>
    String((await api.call<string>('GET', path, { headers: { accept: 'text/event-stream', ...headers } })).body);
  const typesOf = (text: string) => [...text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type);

  it('are returned as pages and as a stream, which ends with it and continues after the last event seen', async () => {
    const path = `${pathOf['generation']!(ids)}/events`;
    const { data } = (await api.call<{ data: { id: string; type: string; subject_id: string }[] }>('GET', path)).body;
    const types = ['generation.queued', 'generation.running', 'generation.image', 'generation.succeeded'];
    expect(data.map(({ type }) => type)).toEqual(types);
    expect(new Set(data.map(({ subject_id }) => subject_id))).toEqual(new Set([ids['generations']]));
    expect(typesOf(await streamOf(path))).toEqual(types);
    expect(typesOf(await streamOf(path, { 'last-event-id': data[1]!.id }))).toEqual(types.slice(2));
    const seen = await api.call('GET', path, { headers: { accept: 'text/event-stream', 'last-event-id': data[3]!.id } });
    expect(seen.status).toBe(204);
  });

  it('are sent live while it runs', async () => {
    const { body } = await api.call<GenerationBody>('POST', '/v1/images/generations', { body: { model: 'tiny', prompts: ['x'] } });
    const stream = streamOf(`/v1/images/generations/${body.id}/events`);
    await api.call('POST', `/v1/images/generations/${body.id}/cancel`);
    expect(typesOf(await stream)).toEqual(['generation.queued', 'generation.cancelled']);
  });
});
