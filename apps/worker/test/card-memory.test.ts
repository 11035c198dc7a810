// What a training takes of its card, as its process measures it and as its cost is recorded.
import { costKey } from '@styleforge/contracts';
import { loadConfig } from '@styleforge/config';
import { startTestDatabase, trainingConfig } from '@styleforge/testing';
import { createLogger } from '@styleforge/worker';
import { expect, it, onTestFinished } from 'vitest';
import { CardMemory, freeOn } from '../src/child/card-memory.ts';
import { CostMeter } from '../src/training/cost-meter.ts';
import { noteRecomputation } from '../src/training/recomputation-note.ts';

const GIB = 2 ** 30;

it('is the free memory before the training minus the lowest free memory during it', () => {
  let free = 20 * GIB;
  const card = new CardMemory(() => free);
  expect(card.measure()).toBeNull();
  card.planned({ freeBytes: free, recomputes: false });
  for (const [now, taken] of [
    [8, 12],
    [5, 15],
    [10, 15],
  ] as const) {
    free = now * GIB;
    expect(card.measure()).toEqual({ memoryBytes: taken * GIB, recomputes: false });
  }
  // kept activations did not fit: what they took is no measure of what follows
  card.recomputes();
  free = 13 * GIB;
  expect(card.measure()).toEqual({ memoryBytes: 7 * GIB, recomputes: true });
});

it('is unknown on a device without memory of its own', () => {
  expect([freeOn('cpu'), freeOn(undefined)]).toEqual([null, null]);
  const card = new CardMemory(() => null);
  card.planned({ freeBytes: GIB, recomputes: true });
  expect(card.measure()).toBeNull();
});

it("is stored with the job's cost, and a card that is too full causes an event of the job", async () => {
  const fixture = await startTestDatabase();
  onTestFinished(() => fixture.close());
  const { apiKeys, datasets, events, trainingJobs, jobCosts } = fixture.database;
  const { projectId } = await apiKeys.createProject('test');
  const { id: datasetId } = await datasets.create(projectId, { name: 'style', kind: 'style_ref' });
  const config = trainingConfig(datasetId);
  const job = (await trainingJobs.claim((await trainingJobs.create({ projectId, config }))!.id))!;
  const services = {
    database: fixture.database,
    settings: { ...loadConfig({}).worker, device: 'cuda' as const },
    log: createLogger('silent'),
  };
  const record = async (...cards: readonly ({ memoryBytes: number; recomputes: boolean } | null)[]): Promise<void> => {
    const meter = new CostMeter(job, services);
    meter.started();
    const losses = { loss: 1, styleRefLoss: 1, auxLoss: null, gradNorm: 1, learningRate: 1, samplesPerSecond: 1, stepSeconds: 1 };
    cards.forEach((card, i) => meter.progress({ type: 'progress', step: i + 1, of: 3, ...losses, peakMemoryBytes: 1000, card }));
    await meter.record();
  };
  await record(
    { memoryBytes: 12 * GIB, recomputes: false },
    { memoryBytes: 15 * GIB, recomputes: false },
    { memoryBytes: 9 * GIB, recomputes: true },
  );
  expect(await jobCosts.list(costKey(config))).toMatchObject([{ device: 'cuda', deviceMemoryBytes: 15 * GIB, recomputes: true }]);
  await noteRecomputation(job, { type: 'recomputation', number: 1, step: 2, reason: 'out of memory: 900 MiB are needed' }, services);
  const noted = { type: 'activations.recomputed', data: { step: 2, reason: 'out of memory: 900 MiB are needed' } };
  expect((await events.list(job.id, 0, 100)).at(-1)).toMatchObject(noted);
  await record(null, null, null);
  expect(await jobCosts.list(costKey(config))).toMatchObject([{ device: 'cuda', deviceMemoryBytes: null, recomputes: null }]);
});
