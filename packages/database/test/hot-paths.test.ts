// The most frequent requests: status polls and submissions are one statement each, and the queue position equals that of a full ordering of
// all jobs.
import { clientOf, fairOrder, Prisma } from '@styleforge/database/testing';
import { createDatabase, newId } from '@styleforge/database';
import type { PolledJob } from '@styleforge/database';
import { startTestDatabase, type TestDatabase, trainingConfig } from '@styleforge/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

let fixture: TestDatabase;
beforeAll(async () => {
  fixture = await startTestDatabase();
});
afterAll(() => fixture.close());

/** Reproducible pseudorandom numbers. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const WEIGHTS = [1, 1, 2, 0.5, 3, 0.3];

/** Creates projects of several weights and virtual times, with jobs of all kinds in the queue. */
async function lineUp(random: (below: number) => number): Promise<void> {
  const { apiKeys, datasets, trainingJobs } = fixture.database;
  const prisma = clientOf(fixture.database);
  await prisma.dispatchClock.upsert({
    where: { topic: 'train' },
    create: { topic: 'train', virtualTime: 4 },
    update: { virtualTime: random(6) },
  });
  for (const weight of WEIGHTS) {
    const { projectId } = await apiKeys.createProject('line');
    await prisma.project.update({ where: { id: projectId }, data: { shareWeight: weight } });
    if (random(2) > 0) await prisma.projectShare.create({ data: { topic: 'train', projectId, virtualTime: random(10) / 2 } });
    const { id: datasetId } = await datasets.create(projectId, { name: 'line', kind: 'style_ref' });
    for (let index = random(7); index >= 0; index -= 1) {
      const priority = (['low', 'normal', 'high'] as const)[random(3)];
      const job = await trainingJobs.create({ projectId, config: trainingConfig(datasetId), ...(priority && { priority }) });
      const key = job?.id ?? '';
      const fate = random(8);
      if (fate === 0) await prisma.outboxMessage.deleteMany({ where: { key } });
      if (fate === 1) await prisma.outboxMessage.updateMany({ where: { key }, data: { parkedAt: new Date() } });
      // Under way again, and in the outbox after a rescue.
      if (fate === 2) await trainingJobs.claim(key);
    }
  }
}

const EVERY_MESSAGE = Prisma.sql`
  select *, row_number() over (partition by project_id order by priority desc, id) as place from outbox where topic = 'train' and parked_at is null`;

/** The position of every queued job, by ordering all of them. */
async function lineUpAll(): Promise<Map<string, number>> {
  const rows = await clientOf(fixture.database).$queryRaw<{ id: string; position: number }[]>`
    with waiting as (
      select key, row_number() over (order by start, priority desc, id) as turn from (${fairOrder(EVERY_MESSAGE)}) ordered
    )
    select job.id, (row_number() over (order by waiting.turn nulls first, job.id) - 1)::int as position
    from training_jobs job left join waiting on waiting.key = job.id
    where job.status = 'queued'`;
  return new Map(rows.map(({ id, position }) => [id, position]));
}

it('counts the same position in the queue for one job and for many as sorting all jobs does', async () => {
  const { trainingJobs } = fixture.database;
  const prisma = clientOf(fixture.database);
  for (const seed of [1, 2, 3, 4]) {
    await lineUp(randomNumbers(seed));
    const queued = (await prisma.trainingJob.findMany({ where: { status: 'queued' }, select: { id: true } })).map(({ id }) => id);
    const all = await lineUpAll();
    const one = new Map<string, number | null>();
    for (const id of queued) one.set(id, await trainingJobs.positionOf(id));
    expect(one).toEqual(all);
    expect(await trainingJobs.queuePositions([...queued].reverse())).toEqual(all);
    const half = queued.filter((_id, index) => index % 2 === 1);
    expect(await trainingJobs.queuePositions(half)).toEqual(new Map([...all].filter(([id]) => half.includes(id))));
    const together = await Promise.all(queued.map(async (id) => [id, await trainingJobs.positionOf(id)] as const));
    expect(new Map(together)).toEqual(all);
    expect(await trainingJobs.positionOf('job_unknown')).toBeNull();
    expect([...all.values()].sort((a, b) => a - b)).toEqual(queued.map((_id, index) => index));
  }
});

it('polls and submits in one statement each', async () => {
  const statements: string[] = [];
  const counted = createDatabase(fixture.databaseUrl, { onQuery: (statement) => void statements.push(statement) });
  const { projectId } = await counted.apiKeys.createProject('counted');
  const { id: datasetId } = await counted.datasets.create(projectId, { name: 'counted', kind: 'style_ref' });
  statements.length = 0;
  const named = { name: 'first', notes: 'of many', metadata: { a: 'b' } };
  const created = await counted.trainingJobs.create({ projectId, config: trainingConfig(datasetId), ...named });
  expect(statements).toEqual(['select']);
  const { position, ...job } = created!;
  const polled = await counted.trainingJobs.poll({ projectId, id: job.id });
  expect(statements).toEqual(['select', 'with']);
  const read = polled?.read?.();
  expect(read?.job).toEqual(job);
  expect(read?.job).toEqual(await counted.trainingJobs.find(projectId, job.id));
  expect(read?.position).toBe(position);
  expect(read?.position).toBe(await counted.trainingJobs.positionOf(job.id));
  expect(await counted.trainingJobs.poll({ projectId, id: job.id, known: polled?.version })).toEqual({
    version: polled?.version,
    read: null,
  });
  const { id } = job;
  const versions = new Set([polled?.version]);
  const look = async () => versions.add((await counted.trainingJobs.poll({ projectId, id }))?.version);
  await counted.events.append(id, 'job.note');
  await look();
  await counted.usage.add({ projectId, kind: 'training_job', subjectId: id, device: 'cpu' }, { deviceSeconds: 1, steps: 1, images: 0 });
  await look();
  await counted.trainingJobs.annotate(projectId, id, { name: 'named' });
  await look();
  await counted.trainingJobs.claim(id);
  await look();
  expect(versions.size).toBe(5);
  expect(await counted.trainingJobs.poll({ projectId: 'proj_other', id })).toBeNull();
  expect(await counted.trainingJobs.poll({ projectId, id: newId('trainingJob') })).toBeNull();
  await counted.close();
});

it('reads polls that arrive together in one statement, each with its own state', async () => {
  const statements: string[] = [];
  const counted = createDatabase(fixture.databaseUrl, { onQuery: (statement) => void statements.push(statement) });
  const { trainingJobs } = counted;
  await lineUp(randomNumbers(5));
  const jobs = await clientOf(fixture.database).trainingJob.findMany({ select: { id: true, projectId: true } });
  const positions = await lineUpAll();
  const alone = new Map<string, PolledJob | null>();
  for (const poll of jobs) alone.set(poll.id, await trainingJobs.poll(poll));
  statements.length = 0;
  const stranger = { projectId: 'proj_other', id: jobs[0]!.id };
  const polls = [jobs[0]!, stranger, ...jobs.map((job, index) => (index % 2 ? job : { ...job, known: alone.get(job.id)?.version }))];
  const [first, refused, ...together] = await Promise.all(polls.map((poll) => trainingJobs.poll(poll)));
  expect(statements.length).toBeLessThanOrEqual(1 + Math.ceil(polls.length / 100));
  expect(first?.version).toBe(alone.get(jobs[0]!.id)?.version);
  expect(refused).toBeNull();
  for (const [index, { id, projectId }] of jobs.entries()) {
    const expected = alone.get(id);
    expect(together[index]?.version).toBe(expected?.version);
    const state = together[index]?.read?.();
    expect(state).toEqual(index % 2 ? expected?.read?.() : undefined);
    if (state) expect(state).toMatchObject({ job: { id, projectId }, position: positions.get(id) ?? null });
  }
  await counted.close();
});

it('rejects polls that arrive together when the database is away, without asking again for each', async () => {
  const away = createDatabase('postgres://nobody@127.0.0.1:1/none');
  const polls = Array.from({ length: 5 }, () => away.trainingJobs.poll({ projectId: 'proj', id: newId('trainingJob') }));
  const errors = await Promise.all(polls.map((poll) => poll.catch((error: unknown) => error)));
  expect(errors[0]).toMatchObject({ code: 'ECONNREFUSED' });
  expect(errors[1]).not.toBe(errors[0]);
  expect(new Set(errors.slice(1)).size).toBe(1);
  await away.close();
});

it('announces a job to its webhook endpoints in the transaction of the job', async () => {
  const { apiKeys, datasets, trainingJobs, webhooks } = fixture.database;
  const prisma = clientOf(fixture.database);
  const { projectId } = await apiKeys.createProject('watched');
  const { id: datasetId } = await datasets.create(projectId, { name: 'watched', kind: 'style_ref' });
  await webhooks.create({ projectId, url: 'https://example.com/hook', events: ['training_job.queued'] });
  const job = await trainingJobs.create({ projectId, config: trainingConfig(datasetId) });
  const deliveries = await prisma.webhookDelivery.findMany({ where: { projectId } });
  expect(deliveries.map(({ eventType, payload }) => [eventType, (payload as { data: { id: string } }).data.id])).toEqual([
    ['training_job.queued', job?.id],
  ]);
  expect(await prisma.trainingJob.count({ where: { projectId } })).toBe(1);
});

it('sends many submissions in one batch: the limit is exact, and only the job without a dataset is refused', async () => {
  const statements: string[] = [];
  const counted = createDatabase(fixture.databaseUrl, { onQuery: (statement) => void statements.push(statement) });
  const { projectId } = await counted.apiKeys.createProject('crowd');
  const { id: datasetId } = await counted.datasets.create(projectId, { name: 'crowd', kind: 'style_ref' });
  statements.length = 0;
  const datasets = Array.from({ length: 30 }, (_, index) => (index === 7 ? newId('dataset') : datasetId));
  const submitted = await Promise.allSettled(
    datasets.map((id, index) =>
      counted.trainingJobs.create({ projectId, config: trainingConfig(id), metadata: { index: String(index) }, maxQueuedJobs: 20 }),
    ),
  );
  expect(statements).toEqual(['select', 'select']);
  const made = submitted.map((result) =>
    result.status === 'fulfilled' ? (result.value?.metadata['index'] ?? null) : String(result.reason),
  );
  const full = 'QueueFullError: The project has 20 jobs queued already, which is its limit.';
  expect(made).toEqual(datasets.map((_, index) => (index === 7 ? null : index <= 20 ? String(index) : full)));
  expect(await clientOf(counted).trainingJob.count({ where: { projectId, status: 'queued' } })).toBe(20);
  await counted.close();
});

it('sends a batch again one by one if one of its jobs cannot be written', async () => {
  const { apiKeys, datasets, trainingJobs } = fixture.database;
  const { projectId } = await apiKeys.createProject('spoilt');
  const { id } = await datasets.create(projectId, { name: 'spoilt', kind: 'style_ref' });
  // Postgres cannot store NUL in JSON.
  const submit = (name: string) => trainingJobs.create({ projectId, config: trainingConfig(id), metadata: { name } });
  const submitted = await Promise.allSettled(['first', 'good', 'b\0d', 'last'].map(submit));
  expect(submitted.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(await clientOf(fixture.database).trainingJob.count({ where: { projectId } })).toBe(3);
});
