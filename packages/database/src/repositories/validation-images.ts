// Images that were made in the middle of a training.
import type { ValidationImage } from '../generated/client.ts';
import type { PrismaClient } from '../prisma-types.ts';

export type ValidationImageRow = Omit<ValidationImage, 'seed'> & { seed: number };

export type ValidationImageRepository = ReturnType<typeof createValidationImageRepository>;

export function createValidationImageRepository(prisma: PrismaClient) {
  return {
    /** A step that is validated again after a resume replaces its images, which are the same. */
    async record({ seed, ...image }: Omit<ValidationImageRow, 'createdAt'>): Promise<void> {
      const { jobId, step, index, ...values } = image;
      await prisma.validationImage.upsert({
        where: { jobId_step_index: { jobId, step, index } },
        create: { ...image, seed: BigInt(seed) },
        update: { ...values, seed: BigInt(seed) },
      });
    },

    /** By step, then by index. */
    async list(jobId: string): Promise<ValidationImageRow[]> {
      const rows = await prisma.validationImage.findMany({ where: { jobId }, orderBy: [{ step: 'asc' }, { index: 'asc' }] });
      return rows.map(toRow);
    },

    async find(jobId: string, step: number, index: number): Promise<ValidationImageRow | null> {
      const row = await prisma.validationImage.findUnique({ where: { jobId_step_index: { jobId, step, index } } });
      return row && toRow(row);
    },
  };
}

function toRow(row: ValidationImage): ValidationImageRow {
  return { ...row, seed: Number(row.seed) };
}
