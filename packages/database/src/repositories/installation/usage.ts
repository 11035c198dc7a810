// Use of the devices: recorded while work runs, summed by subject and by month.
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';

export const USAGE_KINDS = ['training_job', 'generation', 'evaluation'] as const;
export type UsageKind = (typeof USAGE_KINDS)[number];
export interface UsageAmounts {
  deviceSeconds: number;
  steps: number;
  images: number;
}
export interface UsageSubject {
  projectId: string;
  kind: UsageKind;
  subjectId: string;
  device: string;
}
export type UsageSum = UsageAmounts & { kind: string; device: string };
export type DailyUsage = UsageAmounts & { day: string };

export type StoredBytes = Record<'datasets' | 'checkpoints' | 'adapters' | 'exports' | 'images', number>;

const amounts = Prisma.sql`
  sum(device_seconds)::float8 as "deviceSeconds", sum(steps)::int as steps, sum(images)::int as images`;

export function createUsageRepository(prisma: PrismaClient) {
  return {
    /** Adds to the subject's usage of today (UTC). */
    async add({ projectId, kind, subjectId, device }: UsageSubject, { deviceSeconds, steps, images }: UsageAmounts): Promise<void> {
      await prisma.$executeRaw`
        insert into usage_records (project_id, kind, subject_id, day, device, device_seconds, steps, images)
        values (${projectId}, ${kind}, ${subjectId}, (now() at time zone 'utc')::date, ${device}, ${deviceSeconds}, ${steps}, ${images})
        on conflict (subject_id, day, device) do update set
          device_seconds = usage_records.device_seconds + excluded.device_seconds,
          steps = usage_records.steps + excluded.steps,
          images = usage_records.images + excluded.images`;
    },

    /** Usage by subject. Subjects without usage are absent. */
    async bySubject(subjectIds: string[]): Promise<Map<string, UsageAmounts>> {
      if (subjectIds.length === 0) return new Map();
      const rows = await prisma.$queryRaw<(UsageAmounts & { id: string })[]>`
        select subject_id as id, ${amounts} from usage_records where subject_id = any(${subjectIds}) group by subject_id`;
      return new Map(rows.map(({ id, ...used }) => [id, used]));
    },

    /** Bytes in the object store, by kind. */
    async storage(projectId: string): Promise<StoredBytes> {
      const [row] = await prisma.$queryRaw<Record<keyof StoredBytes, bigint>[]>`
        select
          (select coalesce(sum(size_bytes), 0)::bigint from images where project_id = ${projectId}) as datasets,
          (select coalesce(sum(size_bytes), 0)::bigint from checkpoints where project_id = ${projectId}) as checkpoints,
          (select coalesce(sum(size_bytes), 0)::bigint from model_versions where project_id = ${projectId}) as adapters,
          (select coalesce(sum(size_bytes), 0)::bigint from exports where project_id = ${projectId}) as exports,
          (select coalesce(sum(size_bytes), 0)::bigint from generated_images where project_id = ${projectId})
            + (select coalesce(sum(i.size_bytes), 0)::bigint from validation_images i join training_jobs j on j.id = i.job_id
               where j.project_id = ${projectId})
            + (select coalesce(sum(i.size_bytes), 0)::bigint from evaluation_images i join evaluations e on e.id = i.evaluation_id
               where e.project_id = ${projectId}) as images`;
      return Object.fromEntries(Object.entries(row!).map(([name, sum]) => [name, Number(sum)])) as unknown as StoredBytes;
    },

    /** Usage from the first day up to, but not including, the last: `from` and `to` are days such as 2026-11-01. */
    async between(projectId: string, from: string, to: string): Promise<{ sums: UsageSum[]; days: DailyUsage[] }> {
      const range = Prisma.sql`project_id = ${projectId} and day >= ${from}::date and day < ${to}::date`;
      const [sums, days] = await Promise.all([
        prisma.$queryRaw<UsageSum[]>`
          select kind, device, ${amounts} from usage_records where ${range} group by kind, device order by kind, device`,
        prisma.$queryRaw<DailyUsage[]>`
          select to_char(day, 'YYYY-MM-DD') as day, ${amounts} from usage_records where ${range} group by day order by day`,
      ]);
      return { sums, days };
    },
  };
}
