// The end of what workers have logged about each job.
import type { PrismaClient } from '../../prisma-types.ts';

/** Characters that are kept for a job; the oldest go first. */
export const JOB_LOG_LENGTH = 128 << 10;

export function createJobLogRepository(prisma: PrismaClient) {
  return {
    /** Appends lines to the log of a job. The log of a job that has been deleted is not kept. */
    async append(jobId: string, lines: string): Promise<void> {
      await prisma.$executeRaw`
        insert into job_logs (job_id, text, updated_at) select id, right(${lines}, ${JOB_LOG_LENGTH}::int), now() from training_jobs where id = ${jobId}
        on conflict (job_id) do update set text = right(job_logs.text || excluded.text, ${JOB_LOG_LENGTH}::int), updated_at = now()`;
    },

    /** The lines that are kept; the first one may be cut. Empty if nothing was logged. */
    async read(jobId: string): Promise<string> {
      return (await prisma.jobLog.findUnique({ where: { jobId } }))?.text ?? '';
    },
  };
}
