// What the clean-up removes next, over HTTP: with the time, of the own project alone, and nothing that is kept.
import { loadConfig } from '@styleforge/config';
import type { SweepReportBody } from '@styleforge/contracts';
import { clientOf } from '@styleforge/database/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';
import { type SeededIds, seedProject } from '../seeded-project.ts';

const DAY_MS = 86_400_000;
let api: ApiFixture;
let ids: SeededIds;
beforeAll(async () => {
  api = await startApiFixture();
  ids = await seedProject(api);
});
afterAll(() => api.close());

const read = async (days: number, key = api.key) => {
  const { status, body } = await api.call<SweepReportBody>('GET', `/v1/system/sweep?days=${days}`, { key });
  expect(status).toBe(200);
  return body;
};
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

it('lists checkpoints with their time before they expire, unless they have a star', async () => {
  const prisma = clientOf(api.database);
  const { jobId } = await prisma.checkpoint.findUniqueOrThrow({ where: { id: ids['checkpoints']! } });
  const id = 'ckpt_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70';
  await prisma.checkpoint.create({
    data: { id, projectId: api.projectId, jobId, step: 1, objectPrefix: 'x/', files: [], sizeBytes: 0 },
  });
  const { kept_days: kept } = await read(1);
  expect(kept.checkpoint).toBe(loadConfig({}).flow.sweep.checkpointDays);
  const finishedAt = daysAgo(kept.checkpoint - 3);
  await prisma.trainingJob.update({ where: { id: jobId }, data: { finishedAt } });
  const listed = async (days: number) => (await read(days)).next.filter(({ kind }) => kind === 'checkpoint');
  expect(await listed(2)).toEqual([]);
  const due = new Date(finishedAt.getTime() + kept.checkpoint * DAY_MS).toISOString();
  expect(await listed(4)).toEqual([{ kind: 'checkpoint', id, training_job_id: jobId, count: 1, due_at: due }]);
  await prisma.checkpoint.update({ where: { id }, data: { starred: true } });
  expect(await listed(4)).toEqual([]);
});

it('counts the images of a generation as one entry, if a setting lets them expire', async () => {
  const prisma = clientOf(api.database);
  const generationId = ids['generations']!;
  expect((await read(1)).next.some(({ kind }) => kind === 'generated_images')).toBe(false);
  const { buildApp } = await import('../../src/app.ts');
  const sweep = { ...loadConfig({ RETENTION_GENERATED_IMAGE_DAYS: '30' }).flow.sweep };
  const app = await buildApp({ ...api.options, sweep });
  try {
    const images = await prisma.generatedImage.findMany({ where: { generationId } });
    expect(images.length).toBeGreaterThan(0);
    await prisma.generation.update({ where: { id: generationId }, data: { finishedAt: new Date() } });
    const response = await app.inject({ url: '/v1/system/sweep?days=31', headers: { authorization: `Bearer ${api.key}` } });
    const { next } = response.json<SweepReportBody>();
    expect(next.filter(({ kind }) => kind === 'generated_images')).toEqual([
      {
        ...{ kind: 'generated_images', id: generationId, training_job_id: null, count: images.length },
        due_at: new Date(Math.min(...images.map(({ createdAt }) => createdAt.getTime())) + 30 * DAY_MS).toISOString(),
      },
    ]);
    await prisma.generatedImage.updateMany({ where: { generationId }, data: { starred: true } });
    const starred = await app.inject({ url: '/v1/system/sweep?days=31', headers: { authorization: `Bearer ${api.key}` } });
    expect(starred.json<SweepReportBody>().next.filter(({ kind }) => kind === 'generated_images')).toEqual([]);
  } finally {
    await app.close();
  }
});

it('shows nothing of other projects, and refuses an invalid number of days', async () => {
  const { projectId } = await api.database.apiKeys.createProject('other');
  const { key } = await api.database.apiKeys.create(projectId, 'other', ['read']);
  expect((await read(365, key)).next).toEqual([]);
  expect((await api.call('GET', '/v1/system/sweep?days=0')).body).toMatchObject({ status: 422 });
});
