// Validation images, which are made during a training.
import type { ValidationImage } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { toPage } from '../common/page.ts';
import type { RowPage } from '../common/page.ts';

export type ValidationImageRow = Omit<ValidationImage, 'seed'> & { seed: number };

export function createValidationImageRepository(prisma: PrismaClient) {
  return {
    /** Records an image. A step that is validated again after a resume replaces its images, which are identical. */
    async record({ seed, ...image }: Omit<ValidationImageRow, 'starred' | 'createdAt' | 'missingSince'>): Promise<void> {
      const { jobId, step, index, ...values } = image;
      await prisma.validationImage.upsert({
        where: { jobId_step_index: { jobId, step, index } },
        create: { ...image, seed: BigInt(seed) },
        update: { ...values, seed: BigInt(seed), missingSince: null },
      });
    },

    /** Rows after the given one, in the order of step and index. */
    async listAfter(
      jobId: string,
      after: { step: number; index: number },
      limit: number,
      only: { step?: number | undefined; index?: number | undefined } = {},
    ): Promise<RowPage<ValidationImageRow>> {
      const later = { OR: [{ step: { gt: after.step } }, { step: after.step, index: { gt: after.index } }] };
      const rows = await prisma.validationImage.findMany({
        where: {
          jobId,
          ...later,
          AND: { ...(only.step !== undefined && { step: only.step }), ...(only.index !== undefined && { index: only.index }) },
        },
        orderBy: [{ step: 'asc' }, { index: 'asc' }],
        take: limit + 1,
      });
      return toPage(rows.map(toRow), limit);
    },

    /** The first images of every step, in the order of step and index. */
    async listFirst(jobId: string, count: number): Promise<ValidationImageRow[]> {
      const rows = await prisma.validationImage.findMany({
        where: { jobId, index: { lt: count } },
        orderBy: [{ step: 'asc' }, { index: 'asc' }],
      });
      return rows.map(toRow);
    },

    /** Stars an image or removes its star; null if there is none. */
    async star(jobId: string, step: number, index: number, starred: boolean): Promise<ValidationImageRow | null> {
      await prisma.validationImage.updateMany({ where: { jobId, step, index }, data: { starred } });
      return this.find(jobId, step, index);
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
