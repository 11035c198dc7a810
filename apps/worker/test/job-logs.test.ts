// What people may read of the worker's log: lines about their job, without secrets, limited, and kept through an outage of the database.
import { readJobLog } from '@styleforge/contracts';
import { type Database, JOB_LOG_LENGTH } from '@styleforge/database';
import { secretValues } from '@styleforge/telemetry';
import { startTestDatabase, type TestDatabase, trainingConfig } from '@styleforge/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { JobLogs } from '../src/job-logs.ts';
import { createLogger } from '../src/logger.ts';

let fixture: TestDatabase;
let jobId: string;
let logs: JobLogs;
const env = {
  DATABASE_URL: 'postgresql://styleforge:p%40ssphrase@db.internal/styleforge',
  S3_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  HUB_TOKEN: 'an-unusual-token',
  LOG_LEVEL: 'info',
};

beforeAll(async () => {
  fixture = await startTestDatabase();
});
afterAll(() => fixture.close());
beforeEach(async () => {
  const { apiKeys, datasets, trainingJobs } = fixture.database;
  const { projectId } = await apiKeys.createProject('test');
  const { id: datasetId } = await datasets.create(projectId, { name: 'style', kind: 'style_ref' });
  jobId = (await trainingJobs.create({ projectId, config: trainingConfig(datasetId) }))!.id;
  logs = new JobLogs(secretValues(env));
});

async function stored(count = 1_000) {
  const text = await fixture.database.jobLogs.read(jobId);
  return { text, ...readJobLog(text, count, text.length >= JOB_LOG_LENGTH) };
}

it('contains the lines about the job with their fields, and nothing about the process or other work', async () => {
  const log = createLogger('info', logs.take);
  const ofJob = log.child({ jobId, attempt: 2 });
  log.info('ready: the worker takes jobs');
  log.child({ generationId: 'gen_1' }).info('model loaded');
  ofJob.info({ step: 4, checkpointId: 'ckpt_1' }, 'checkpoint saved');
  ofJob.debug('below the level');
  ofJob.error({ err: new Error('the disk is full') }, 'attempt failed');
  logs.start(fixture.database);
  await logs.stop();
  const { data, has_earlier: hasEarlier, text } = await stored();
  const time = expect.stringMatching(/^20.*Z$/) as string;
  expect([data, hasEarlier]).toEqual([
    [
      { time, level: 'info', attempt: 2, message: 'checkpoint saved', details: { step: 4, checkpointId: 'ckpt_1' } },
      { time, level: 'error', attempt: 2, message: 'attempt failed (Error)', details: {} },
    ],
    false,
  ]);
  expect(text).not.toMatch(/hostname|"pid"|stack|the disk is full/);
});

it('contains no secrets: neither those of the settings, nor what looks like one', async () => {
  const log = createLogger('info', logs.take).child({ jobId });
  const secrets = [
    env.S3_SECRET_ACCESS_KEY,
    'an-unusual-token',
    'p@ssphrase',
    'sf_Zm9vYmFyYmF6cXV4',
    'whsec_c2VjcmV0c2VjcmV0',
    'hf_abcdefghijklmnop',
    'AKIAIOSFODNN7EXAMPLE',
    'c2lnbmVkIQ0123456789',
  ];
  log.warn({ endpoint: `https://user:hunter22@store/bucket?X-Amz-Signature=${secrets[7]}&x=1` }, secrets.slice(0, 7).join(' '));
  log.error(`connect ${env.DATABASE_URL}: Authorization: Bearer c2lnbmVkIQ0123456789, password="open sesame"`);
  logs.start(fixture.database);
  await logs.stop();
  const { text, data } = await stored();
  for (const secret of [...secrets, 'hunter22', 'p%40ssphrase', 'sesame']) expect(text).not.toContain(secret);
  expect(data[0]).toMatchObject({ level: 'warn', details: { endpoint: 'https://[removed]@store/bucket?X-Amz-Signature=[removed]&x=1' } });
  expect(data[1]!.message).toContain('db.internal');
});

it('keeps the end of a long log, and says that there was more', async () => {
  const log = createLogger('info', logs.take).child({ jobId });
  logs.start(fixture.database);
  for (let line = 1; line <= 2_000; line++) log.info({ line }, 'x'.repeat(line === 7 ? 50_000 : 100));
  await logs.stop();
  const { text, data, has_earlier: hasEarlier } = await stored();
  expect(text.length).toBeLessThanOrEqual(JOB_LOG_LENGTH);
  expect(data.at(-1)!.details).toEqual({ line: 2_000 });
  expect(data.length).toBeGreaterThan(300);
  expect(hasEarlier).toBe(true);
  expect((await stored(3)).data.map(({ details }) => details['line'])).toEqual([1_998, 1_999, 2_000]);
});

it('waits for the database, and loses nothing that fits', async () => {
  const log = createLogger('info', logs.take).child({ jobId });
  let isAway = true;
  const { jobLogs } = fixture.database;
  const append: typeof jobLogs.append = async (...line) => {
    if (isAway) throw new Error('the database is away');
    await jobLogs.append(...line);
  };
  logs.start({ jobLogs: { ...jobLogs, append } } as Database);
  log.info('first');
  await expect.poll(() => logs.failures, { timeout: 20_000 }).toBeGreaterThan(0);
  log.info('second');
  isAway = false;
  await logs.stop();
  expect((await stored()).data.map(({ message }) => message)).toEqual(['first', 'second']);
});

it('ends with its job', async () => {
  await fixture.database.jobLogs.append('job_that_never_was', 'x');
  expect(await fixture.database.jobLogs.read('job_that_never_was')).toBe('');
});
