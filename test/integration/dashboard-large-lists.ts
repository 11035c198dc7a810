// What the dashboard does with as much as a project can hold: 1,000 images, 500 jobs, a curve of 5,000 points. What is outside the window
// does not exist.
import type { TrainingJobBody } from '@styleforge/contracts';
import { createDatabase } from '@styleforge/database';
import { clientOf } from '@styleforge/database/testing';
import type { Page } from 'playwright-core';
import type { TestService } from './service.ts';

export interface LargeProject {
  jobId: string;
  studyId: string;
  few: string;
  many: string;
}

/** Copies of rows that the service has written: of an image, of a finished job and of its metrics. */
export async function fillProject(service: TestService): Promise<LargeProject> {
  const database = createDatabase(service.service.databaseUrl, { maxConnections: 1 });
  const prisma = clientOf(database);
  const copiesOf = async (count: number) => {
    const id = await service.createDataset('style_ref', [0]);
    await prisma.$executeRaw`
      insert into images select r.* from images t, generate_series(2, ${count}::int) n, lateral jsonb_populate_record(t, jsonb_build_object(
        'id', overlay(t.id placing lpad(n::text, 12, '0') from 29), 'sha256', encode(sha256(n::text::bytea), 'hex'),
        'file_name', n || '.png', 'caption', 'number ' || n)) r
      where t.dataset_id = ${id}`;
    return id;
  };
  try {
    const few = await copiesOf(60);
    const many = await copiesOf(1_000);
    const jobId = await finishedJob(service);
    // copies are finished from the start, which the database's own rules forbid; the pool has this one connection
    await prisma.$executeRaw`set session_replication_role = replica`;
    await prisma.$executeRaw`
      insert into job_metrics select r.* from job_metrics t, generate_series(1, 5000) n, lateral jsonb_populate_record(t, jsonb_build_object('step', n)) r
      where t.job_id = ${jobId} and t.step = 1 on conflict do nothing`;
    await prisma.$executeRaw`
      insert into training_jobs select r.* from training_jobs t, generate_series(2, 500) n, lateral jsonb_populate_record(t, jsonb_build_object(
        'id', overlay(t.id placing lpad(n::text, 12, '0') from 29), 'name', 'copy ' || n)) r
      where t.id = ${jobId}`;
    return { jobId, few, many, studyId: await makeStudy(prisma, jobId) };
  } finally {
    await database.close();
  }
}

/** A worker of two cards as it tells of itself, which this machine has none of. */
export async function addCards(service: TestService): Promise<void> {
  const database = createDatabase(service.service.databaseUrl, { maxConnections: 1 });
  const reading = { temperatureCelsius: 71, loadPercent: 97, powerWatts: 402.4, memoryUsedBytes: 61e9 };
  const unread = { temperatureCelsius: null, loadPercent: null, powerWatts: null, memoryUsedBytes: null };
  try {
    await clientOf(database).$executeRaw`
      insert into workers select r.* from workers t, lateral jsonb_populate_record(t, jsonb_build_object('id', 'wrk_01900000-0000-7000-8000-000000000000',
        'host', 'rack-7', 'device', 'cuda', 'device_name', 'NVIDIA H100 80GB HBM3', 'device_memory_bytes', 80e9::bigint,
        'cards', ${JSON.stringify([reading, unread])}::jsonb, 'last_seen_at', now() + interval '10 minutes')) r limit 1`;
  } finally {
    await database.close();
  }
}

/** A job that succeeded: one that is there already, or a new one. */
async function finishedJob(service: TestService): Promise<string> {
  const { data } = await service.call<{ data: TrainingJobBody[] }>('GET', '/v1/training-jobs?status=succeeded&limit=1');
  if (data[0]) return data[0].id;
  const styleRef = await service.createDataset('style_ref', [0, 40, 80]);
  const jobId = await service.createJob(styleRef, await service.createDataset('aux', [120, 150, 180]), { max_train_steps: 2 });
  const { status, error } = await service.untilFinished(jobId);
  if (status !== 'succeeded') throw new Error(`the job to copy ${status}: ${error?.message}`);
  return jobId;
}

/** A study of two rates and two lengths, whose jobs are copies of the finished one. */
async function makeStudy(prisma: ReturnType<typeof clientOf>, jobId: string): Promise<string> {
  const studyId = 'study_01900000-0000-7000-8000-000000000000';
  await prisma.$executeRaw`
    insert into studies (id, project_id, name) select ${studyId}, project_id, 'rates and lengths' from training_jobs where id = ${jobId}`;
  await prisma.$executeRaw`
    insert into training_jobs select r.* from training_jobs t, generate_series(0, 3) n, lateral jsonb_populate_record(t, jsonb_build_object(
      'id', 'job_018f0000-0000-7000-8000-00000000000' || n, 'name', null, 'study_id', ${studyId}::text,
      'variation', jsonb_build_object('index', n, 'name', 'variation ' || n, 'changes', jsonb_build_object('hyperparameters',
        jsonb_build_object('learning_rate', 0.001 * (1 + n / 2), 'max_train_steps', 10 * (1 + n % 2)))))) r
    where t.id = ${jobId}`;
  await prisma.$executeRaw`
    insert into job_metrics select r.* from job_metrics t, training_jobs j, lateral jsonb_populate_record(t, jsonb_build_object(
      'job_id', j.id, 'style_ref_loss', t.style_ref_loss + (j.variation ->> 'index')::int)) r
    where t.job_id = ${jobId} and t.step <= 2 and j.study_id = ${studyId}`;
  return studyId;
}

export const countOf = async (page: Page, selector: string): Promise<number> => page.locator(selector).count();
