// The loss curves of training jobs.
import type { JobMetricBody } from '@styleforge/contracts';
import type { JobMetric } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { toPage } from '../common/page.ts';
import type { RowPage } from '../common/page.ts';

export type MetricPoint = JobMetricBody;
export type Spread = { min: number; mean: number; max: number };
export type CurveBucket = {
  jobId: string;
  firstStep: number;
  lastStep: number;
  count: number;
  loss: Spread;
  styleRefLoss: Spread;
  auxLoss: Spread | null;
  gradNorm: Spread;
  learningRate: Spread;
};

export function createMetricRepository(prisma: PrismaClient) {
  return {
    /** Writes many points at once. A step that was repeated after a resume replaces its first point. */
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

    /** Each job's curve in a limited number of buckets with the same number of steps, with minimum, mean and maximum of each. */
    async curves(jobIds: readonly string[], points: number): Promise<CurveBucket[]> {
      return prisma.$queryRaw<CurveBucket[]>`
        with span as (
          select job_id, min(step) as first, max(step) - min(step) + 1 as steps from job_metrics where job_id = any(${[...jobIds]}) group by job_id
        )
        select metric.job_id as "jobId", min(step) as "firstStep", max(step) as "lastStep", count(*)::int as count,
          json_build_object('min', min(loss), 'mean', avg(loss), 'max', max(loss)) as loss,
          json_build_object('min', min(style_ref_loss), 'mean', avg(style_ref_loss), 'max', max(style_ref_loss)) as "styleRefLoss",
          case when count(aux_loss) > 0 then json_build_object('min', min(aux_loss), 'mean', avg(aux_loss), 'max', max(aux_loss)) end as "auxLoss",
          json_build_object('min', min(grad_norm), 'mean', avg(grad_norm), 'max', max(grad_norm)) as "gradNorm",
          json_build_object('min', min(learning_rate), 'mean', avg(learning_rate), 'max', max(learning_rate)) as "learningRate"
        from job_metrics metric join span on span.job_id = metric.job_id
        group by metric.job_id, ((step - span.first)::bigint * ${points}::int) / greatest(span.steps, ${points}::int)
        order by metric.job_id, min(step)`;
    },

    /** The whole curve up to `step`, in the order of the steps. */
    listUpTo: (jobId: string, step: number): Promise<JobMetric[]> =>
      prisma.jobMetric.findMany({ where: { jobId, step: { lte: step } }, orderBy: { step: 'asc' } }),

    /** Rows after `step`, in the order of the steps. */
    async listAfter(jobId: string, step: number, limit: number): Promise<RowPage<JobMetric>> {
      return toPage(
        await prisma.jobMetric.findMany({ where: { jobId, step: { gt: step } }, orderBy: { step: 'asc' }, take: limit + 1 }),
        limit,
      );
    },
  };
}
