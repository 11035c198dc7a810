// Worker processes as rows: their facts, the jobs that they run, and whether they may take further jobs.
import { z } from 'zod';
import { Prisma, type Worker } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';
import { announceWorker } from '../webhooks/webhook-announcements.ts';

const runningJobs = z.array(z.object({ queue: z.string(), id: z.string(), since: z.string() }));
export type RunningJob = z.infer<typeof runningJobs>[number];
const reading = z.number().nullable();
const cardReadings = z.array(
  z.object({ temperatureCelsius: reading, loadPercent: reading, powerWatts: reading, memoryUsedBytes: reading }),
);
/** What a card measures of itself; null for what it does not report. */
export type CardReading = z.infer<typeof cardReadings>[number];
/** What a worker does now. */
export type WorkerState = { running: RunningJob[]; cards?: CardReading[] | null };
const queueMix = z.record(z.string(), z.number());

export type WorkerFacts = Pick<Worker, 'host' | 'pid' | 'version' | 'nodeVersion' | 'platform' | 'device' | 'deviceName'> & {
  deviceMemoryBytes: number | null;
  queues: Record<string, number>;
};
export type WorkerRow = Omit<Worker, 'deviceMemoryBytes' | 'cards' | 'queues' | 'running'> & {
  deviceMemoryBytes: number | null;
  cards: CardReading[] | null;
  queues: Record<string, number>;
  running: RunningJob[];
};

/** Days after which rows of silent processes are removed. */
const KEPT_DAYS = 7;

export function createWorkerRepository(prisma: PrismaClient) {
  const toCreate = (id: string, facts: WorkerFacts) => ({
    ...facts,
    id,
    deviceMemoryBytes: facts.deviceMemoryBytes === null ? null : BigInt(facts.deviceMemoryBytes),
  });

  /** Makes a change and announces the worker's new state to endpoints. A trigger informs the streams of all projects. */
  async function change<Result>(id: string, work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return prisma.$transaction(async (transaction) => {
      const before = await readState(transaction, id);
      const result = await work(transaction);
      const after = await readState(transaction, id);
      if (after !== undefined && after.state !== before?.state) await announceWorker(transaction, after, after.state);
      return result;
    });
  }

  return {
    async register(facts: WorkerFacts): Promise<string> {
      await prisma.worker.deleteMany({ where: { lastSeenAt: { lt: new Date(Date.now() - KEPT_DAYS * 86_400_000) } } });
      const id = newId('worker');
      await change(id, (transaction) => transaction.worker.create({ data: toCreate(id, facts) }));
      return id;
    },

    /**
     * Records that the worker is alive. Returns whether it must take no further jobs. A row that was removed meanwhile is created again.
     */
    async beat(id: string, facts: WorkerFacts, { running, cards = null }: WorkerState): Promise<{ drain: boolean }> {
      const state = { running, cards: cards ?? Prisma.DbNull };
      const row = await change(id, (transaction) =>
        transaction.worker.upsert({
          where: { id },
          create: { ...toCreate(id, facts), ...state },
          update: { ...state, lastSeenAt: new Date() },
        }),
      );
      return { drain: row.drainRequestedAt !== null };
    },

    async stopping(id: string): Promise<void> {
      await change(id, (transaction) =>
        transaction.worker.updateMany({ where: { id, stoppingAt: null }, data: { stoppingAt: new Date() } }),
      );
    },

    async stopped(id: string): Promise<void> {
      const now = new Date();
      await change(id, (transaction) =>
        transaction.worker.updateMany({ where: { id }, data: { running: [], cards: Prisma.DbNull, stoppedAt: now, lastSeenAt: now } }),
      );
    },

    /** Marks workers that have been silent since the time, each once until it reports again. Returns their ids. */
    async loseSilent(since: Date): Promise<string[]> {
      return prisma.$transaction(async (transaction) => {
        const lost = await transaction.$queryRaw<{ id: string; host: string; device: string }[]>`
          update workers set lost_since = last_seen_at
          where stopped_at is null and lost_since is distinct from last_seen_at and last_seen_at < ${since} returning id, host, device`;
        for (const worker of lost) await announceWorker(transaction, worker, 'lost');
        return lost.map(({ id }) => id);
      });
    },

    /** Workers that have reported since the time. */
    async heardSince(since: Date): Promise<WorkerRow[]> {
      const rows = await prisma.worker.findMany({ where: { lastSeenAt: { gte: since } }, orderBy: { id: 'desc' }, take: 1000 });
      return rows.map(toRow);
    },

    /** Workers, newest first. `gone`: includes stopped workers. */
    async list({ gone, since }: { gone: boolean; since: Date }, page: PageRequest): Promise<RowPage<WorkerRow>> {
      const { where, ...rest } = pageArguments(page);
      const rows = await prisma.worker.findMany({
        ...rest,
        where: { ...where, lastSeenAt: { gte: since }, ...(!gone && { stoppedAt: null }) },
      });
      return toPage(rows.map(toRow), page.limit);
    },

    async find(id: string): Promise<WorkerRow | null> {
      const row = await prisma.worker.findUnique({ where: { id } });
      return row && toRow(row);
    },

    /** Sets or removes the drain; null if there is no such worker. */
    async setDrain(id: string, drain: boolean): Promise<WorkerRow | null> {
      await change(id, (transaction) =>
        transaction.worker.updateMany({
          where: { id, drainRequestedAt: drain ? null : { not: null } },
          data: { drainRequestedAt: drain ? new Date() : null },
        }),
      );
      return this.find(id);
    },

    /** Selects the ids that belong to work of the project. */
    async ownJobs(projectId: string, ids: string[]): Promise<Set<string>> {
      if (ids.length === 0) return new Set();
      const rows = await prisma.$queryRaw<{ id: string }[]>`
        select id from training_jobs where project_id = ${projectId} and id = any(${ids})
        union all select id from generations where project_id = ${projectId} and id = any(${ids})
        union all select id from evaluations where project_id = ${projectId} and id = any(${ids})
        union all select id from exports where project_id = ${projectId} and id = any(${ids})`;
      return new Set(rows.map(({ id }) => id));
    },
  };
}

/** Reads the state and locks the row until the commit, so that concurrent changes are announced one after the other. */
async function readState(transaction: Transaction, id: string) {
  const [row] = await transaction.$queryRaw<{ id: string; host: string; device: string; state: string }[]>`
    select id, host, device, worker_state(workers) as state from workers where id = ${id} for no key update`;
  return row;
}

function toRow(row: Worker): WorkerRow {
  return {
    ...row,
    deviceMemoryBytes: row.deviceMemoryBytes === null ? null : Number(row.deviceMemoryBytes),
    cards: row.cards === null ? null : cardReadings.parse(row.cards),
    queues: queueMix.parse(row.queues),
    running: runningJobs.parse(row.running),
  };
}
