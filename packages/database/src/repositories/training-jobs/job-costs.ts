// Measured costs of jobs, for estimates of later ones.
import type { JobCost } from '@styleforge/contracts';
import { Batches } from '../../batches.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import type { Statements } from '../../statements.ts';

/** Number of the newest jobs per device that are read for a median. */
const MEASURED = 20;

const LIST = `
  select device, steps, step_seconds as "stepSeconds", start_seconds as "startSeconds", validation_seconds as "validationSeconds",
    checkpoint_seconds as "checkpointSeconds", checkpoint_bytes as "checkpointBytes", peak_memory_bytes as "peakMemoryBytes", device_memory_bytes as "deviceMemoryBytes",
    recomputes
  from job_costs where key = $1 order by updated_at desc limit $2`;

/** A row as the driver returns it: 64-bit numbers are text. */
type JobCostRow = Omit<JobCost, 'checkpointBytes' | 'peakMemoryBytes' | 'deviceMemoryBytes'> & {
  checkpointBytes: string | null;
  peakMemoryBytes: string;
  deviceMemoryBytes: string | null;
};

const asBigInt = (value: number | null): bigint | null => (value === null ? null : BigInt(value));
const asNumber = (value: string | null): number | null => (value === null ? null : Number(value));

export function createJobCostRepository(prisma: PrismaClient, statements: Statements) {
  const reads = new Batches<null, JobCost[]>(
    async (key, requests) => {
      const rows = await statements.run<JobCostRow>('list_job_costs', LIST, [key, MEASURED]);
      const costs = rows.map((row) => ({
        ...row,
        checkpointBytes: asNumber(row.checkpointBytes),
        deviceMemoryBytes: asNumber(row.deviceMemoryBytes),
        peakMemoryBytes: Number(row.peakMemoryBytes),
      }));
      return requests.map(() => costs);
    },
    { failTogether: true },
  );

  return {
    /** Records the cost of a job; a continued job replaces its earlier measurement. */
    async record(jobId: string, key: string, { device, ...cost }: JobCost): Promise<void> {
      const values = {
        ...cost,
        key,
        peakMemoryBytes: BigInt(cost.peakMemoryBytes),
        checkpointBytes: asBigInt(cost.checkpointBytes),
        deviceMemoryBytes: asBigInt(cost.deviceMemoryBytes),
      };
      const where = { jobId_device: { jobId, device } };
      await prisma.jobCost.upsert({ where, create: { jobId, device, ...values }, update: values });
    },

    /** Costs of all projects, newest first: machines are shared, and the numbers reveal nothing about what was trained. */
    list: (key: string): Promise<JobCost[]> => reads.add(key, null),
  };
}
