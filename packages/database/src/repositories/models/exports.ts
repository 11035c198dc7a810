// Files that are made from a checkpoint on request.
import type { ExportFormat, ExportProgress, ExportStatus, Failure } from '@styleforge/contracts';
import { StaleAttemptError } from '../../errors.ts';
import { Prisma } from '../../generated/client.ts';
import type { Export } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { takeLease } from '../work/leases.ts';
import { addOutboxMessage } from '../work/outbox.ts';

type TypedColumns = {
  format: ExportFormat;
  status: ExportStatus;
  progress: ExportProgress | null;
  error: Failure | null;
  sizeBytes: number | null;
};
export type ExportRow = Omit<Export, keyof TypedColumns> & TypedColumns;
export type WantedExport = { projectId: string; checkpointId: string; format: ExportFormat; rank: number };
export type MadeExport = { objectKey: string; sizeBytes: number; sha256: string; keptShare: number | null };

/** Milliseconds after a temporary failure before a new request tries again. */
const RETRY_AFTER_MS = 30_000;

export function createExportRepository(prisma: PrismaClient) {
  const get = async (where: { id: string; projectId?: string }): Promise<ExportRow | null> => {
    const row = await prisma.export.findUnique({ where });
    return row && toRow(row);
  };
  return {
    /** Returns the export. Queues it if it does not exist, its file is gone, or its failure was temporary. */
    async request({ projectId, checkpointId, format, rank }: WantedExport): Promise<ExportRow> {
      return prisma.$transaction(async (transaction) => {
        await transaction.$queryRaw`select id from checkpoints where id = ${checkpointId} for key share`;
        const where = { checkpointId_format_rank: { checkpointId, format, rank } };
        const known = await transaction.export.findUnique({ where });
        const isOver = known?.status === 'failed' && (known.error as Failure | null)?.retryable === true;
        const isStale = isOver && (known.finishedAt?.getTime() ?? 0) < Date.now() - RETRY_AFTER_MS;
        const wantsWork = known === null || isStale || (known.status === 'succeeded' && known.missingSince !== null);
        const again = { status: 'queued', error: Prisma.DbNull, progress: Prisma.DbNull, missingSince: null, setbacks: 0 };
        const row = await transaction.export.upsert({
          where,
          create: { id: newId('export'), projectId, checkpointId, format, rank, status: 'queued' },
          update: { usedAt: new Date(), ...(wantsWork && again) },
        });
        if (wantsWork) await addOutboxMessage(transaction, { topic: 'export', key: row.id, payload: { exportId: row.id }, projectId });
        return toRow(row);
      });
    },

    find: (projectId: string, id: string) => get({ id, projectId }),

    async ofCheckpoint(checkpointId: string): Promise<ExportRow[]> {
      return (await prisma.export.findMany({ where: { checkpointId }, orderBy: { id: 'asc' } })).map(toRow);
    },

    /** Formats that are ready, for each of these checkpoints. */
    async ready(checkpointIds: string[]): Promise<{ checkpointId: string; format: string; rank: number }[]> {
      const where = { checkpointId: { in: checkpointIds }, status: 'succeeded', missingSince: null };
      return prisma.export.findMany({ where, select: { checkpointId: true, format: true, rank: true } });
    },

    /** Claims the export, also after the death of its worker. Null if it is finished or unknown. */
    async claim(id: string): Promise<ExportRow | null> {
      const claimed = await prisma.$executeRaw`
        update exports set status = 'running', attempt = attempt + 1, ${takeLease}, updated_at = now()
        where id = ${id} and status in ('queued', 'running')`;
      return claimed === 0 ? null : get({ id });
    },

    /** Saves progress. Throws StaleAttemptError if another worker has taken over. */
    async updateProgress(id: string, attempt: number, progress: ExportProgress): Promise<void> {
      const { count } = await prisma.export.updateMany({ where: { id, attempt, status: 'running' }, data: { progress } });
      if (count === 0) throw new StaleAttemptError(`Attempt ${attempt} of export ${id} was taken over, or the export is gone.`);
    },

    async succeed(id: string, attempt: number, made: MadeExport): Promise<void> {
      const data = { ...made, sizeBytes: BigInt(made.sizeBytes), status: 'succeeded', finishedAt: new Date(), progress: Prisma.DbNull };
      const { count } = await prisma.export.updateMany({ where: { id, attempt, status: 'running' }, data });
      if (count === 0) throw new StaleAttemptError(`Attempt ${attempt} of export ${id} was taken over, or the export is gone.`);
    },

    async fail(id: string, attempt: number, error: Failure): Promise<void> {
      const data = { status: 'failed', error, finishedAt: new Date() };
      await prisma.export.updateMany({ where: { id, attempt, status: 'running' }, data });
    },
  };
}

function toRow(row: Export): ExportRow {
  return { ...(row as unknown as ExportRow), sizeBytes: row.sizeBytes === null ? null : Number(row.sizeBytes) };
}
