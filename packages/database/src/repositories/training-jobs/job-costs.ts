// What jobs have cost on their workers, for estimates of later ones.
import type { DeviceName, JobCost } from '@styleforge/contracts';
import type { PrismaClient } from '../../prisma-types.ts';

/** So many of the newest jobs of a device are enough for a median. */
const MEASURED = 20;

export function createJobCostRepository(prisma: PrismaClient) {
  return {
    /** A job that goes on after a pause or a death replaces what was measured before. */
    async record(jobId: string, key: string, { device, ...cost }: JobCost): Promise<void> {
      const values = {
        ...cost,
        key,
        peakMemoryBytes: BigInt(cost.peakMemoryBytes),
        checkpointBytes: cost.checkpointBytes === null ? null : BigInt(cost.checkpointBytes),
      };
      const where = { jobId_device: { jobId, device } };
      await prisma.jobCost.upsert({ where, create: { jobId, device, ...values }, update: values });
    },

    /** Newest first, of every project: the machines are shared, and the numbers say nothing of what was trained. */
    async list(key: string): Promise<JobCost[]> {
      const rows = await prisma.jobCost.findMany({ where: { key }, orderBy: { updatedAt: 'desc' }, take: MEASURED });
      return rows.map(({ device, steps, stepSeconds, startSeconds, validationSeconds, checkpointSeconds, ...bytes }) => ({
        device: device as DeviceName,
        steps,
        stepSeconds,
        startSeconds,
        validationSeconds,
        checkpointSeconds,
        checkpointBytes: bytes.checkpointBytes === null ? null : Number(bytes.checkpointBytes),
        peakMemoryBytes: Number(bytes.peakMemoryBytes),
      }));
    },
  };
}
