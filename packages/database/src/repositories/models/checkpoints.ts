// Checkpoints. A row is written only after all files and the manifest are in the object store.
import { z } from 'zod';
import type { Checkpoint } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { forgetSetbacks } from '../work/leases.ts';
import { toPage } from '../common/page.ts';
import type { RowPage } from '../common/page.ts';

const storedFiles = z.array(z.object({ path: z.string(), size: z.number(), sha256: z.string() }));
export type StoredFile = z.infer<typeof storedFiles>[number];
export type CheckpointRow = Omit<Checkpoint, 'files' | 'sizeBytes'> & { files: StoredFile[]; sizeBytes: number };
export type NewCheckpoint = { projectId: string; jobId: string; step: number; objectPrefix: string; files: StoredFile[] };

export function createCheckpointRepository(prisma: PrismaClient) {
  return {
    /** Records one row for a job and step. If the step is saved again, the later files replace the earlier ones. */
    async record({ projectId, jobId, step, objectPrefix, files }: NewCheckpoint): Promise<CheckpointRow> {
      const sizeBytes = files.reduce((sum, file) => sum + file.size, 0);
      const isNew = (await prisma.checkpoint.count({ where: { jobId, step } })) === 0;
      const row = await prisma.checkpoint.upsert({
        where: { jobId_step: { jobId, step } },
        create: { id: newId('checkpoint'), projectId, jobId, step, objectPrefix, files, sizeBytes },
        update: { objectPrefix, files, sizeBytes, missingSince: null },
      });
      if (isNew) await forgetSetbacks(prisma, 'training_jobs', jobId);
      return toRow(row);
    },

    async find(projectId: string, id: string): Promise<CheckpointRow | null> {
      const row = await prisma.checkpoint.findUnique({ where: { id, projectId } });
      return row && toRow(row);
    },

    async list(projectId: string, jobId: string): Promise<CheckpointRow[]> {
      const rows = await prisma.checkpoint.findMany({ where: { projectId, jobId }, orderBy: { step: 'asc' } });
      return rows.map(toRow);
    },

    /** Rows after `step`, in the order of the steps. */
    async listAfter(jobId: string, step: number, limit: number): Promise<RowPage<CheckpointRow>> {
      const rows = await prisma.checkpoint.findMany({ where: { jobId, step: { gt: step } }, orderBy: { step: 'asc' }, take: limit + 1 });
      return toPage(rows.map(toRow), limit);
    },

    /** Deletes the checkpoint. False if a model of the registry has a version that consists of it; then it stays. */
    async deleteUnnamed(id: string): Promise<boolean> {
      return (await prisma.checkpoint.deleteMany({ where: { id, modelVersions: { none: {} } } })).count > 0;
    },
  };
}

function toRow(row: Checkpoint): CheckpointRow {
  return { ...row, files: storedFiles.parse(row.files), sizeBytes: Number(row.sizeBytes) };
}
