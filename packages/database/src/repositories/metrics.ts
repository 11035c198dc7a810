// The loss curves of training jobs.
import type { JobMetricBody } from '@styleforge/contracts';
import type { JobMetric } from '../generated/client.ts';
import type { PrismaClient } from '../prisma-types.ts';
import { toPage } from './page.ts';
import type { RowPage } from './page.ts';

export type MetricPoint = JobMetricBody;

export function createMetricRepository(prisma: PrismaClient) {
  return {
    /** Writes many points at once; a step that was done again after a resume replaces its first point. */
    async record(jobId: string, points: MetricPoint[]): Promise<void> {
      if (points.length === 0) return;
      await prisma.$executeRaw`
        insert into job_metrics (job_id, step, loss, style_ref_loss, aux_loss, grad_norm, learning_rate)
        select ${jobId}, step, loss, style_ref_loss, aux_loss, grad_norm, learning_rate
        from jsonb_to_recordset(${JSON.stringify(points)}::jsonb) as point(
          step int, loss float8, style_ref_loss float8, aux_loss float8, grad_norm float8, learning_rate float8)
        on conflict (job_id, step) do update set
          loss = excluded.loss, style_ref_loss = excluded.style_ref_loss, aux_loss = excluded.aux_loss,
          grad_norm = excluded.grad_norm, learning_rate = excluded.learning_rate, created_at = now()`;
    },

    /** The whole curve up to `step`, in the order of the steps. */
    listUpTo: (jobId: string, step: number): Promise<JobMetric[]> =>
      prisma.jobMetric.findMany({ where: { jobId, step: { lte: step } }, orderBy: { step: 'asc' } }),

    /** In the order of the steps, those after `step`. */
    async listAfter(jobId: string, step: number, limit: number): Promise<RowPage<JobMetric>> {
      return toPage(
        await prisma.jobMetric.findMany({ where: { jobId, step: { gt: step } }, orderBy: { step: 'asc' }, take: limit + 1 }),
        limit,
      );
    },
  };
}
