// Download formats of a checkpoint: a file that it already has, or one that a worker makes on request.
import path from 'node:path';
import { ADAPTATION_TRAITS, DEFAULT_EXTRACTED_RANK, extractsLora } from '@styleforge/contracts';
import type { AdaptationKind, CheckpointExportBody, ExportFormat } from '@styleforge/contracts';
import type { CheckpointRow, Database, ExportRow, StoredFile } from '@styleforge/database';
import { ApiError, notFound, refusal } from '../../errors/api-error.ts';
import { checkpointDownloadUrl } from '../../presenters/links.ts';

export interface Downloadable {
  checkpoint: CheckpointRow;
  adaptation: AdaptationKind;
}

export async function findDownloadable(database: Database, projectId: string, id: string): Promise<Downloadable> {
  const checkpoint = await database.checkpoints.find(projectId, id);
  const job = checkpoint && (await database.trainingJobs.find(projectId, checkpoint.jobId));
  if (!checkpoint || !job) throw notFound('checkpoint', id);
  return { checkpoint, adaptation: job.config.adaptation.kind };
}

/** Throws for a format that does not fit, and for a rank if no LoRA is extracted. Returns the rank of an export, or 0 if it has none. */
export function checkFormat({ adaptation, checkpoint }: Downloadable, format: ExportFormat, rank: number | undefined): number {
  const fitting = ADAPTATION_TRAITS[adaptation].exportFormats;
  if (!fitting.includes(format)) {
    const detail =
      `a checkpoint with the adaptation ${adaptation} cannot be written as ${format}; ${checkpoint.id} has ` + `${fitting.join(', ')}`;
    throw refusal('unsuitable_format', [{ pointer: '/format', detail }]);
  }
  const extracts = extractsLora(adaptation, format);
  if (rank !== undefined && !extracts)
    throw refusal('validation_failed', [{ pointer: '/rank', detail: 'applies only to a LoRA that is extracted from a full fine-tune' }]);
  return extracts ? (rank ?? DEFAULT_EXTRACTED_RANK) : 0;
}

/** Files of the checkpoint that already have the format. Several files are packed into an archive first. */
const OWN_FILES: Partial<Record<ExportFormat, RegExp>> = {
  'single-file': /^(?:merged\/)?single-file\/model\.safetensors$/,
  'lora-diffusers': /^pytorch_lora_weights\.safetensors$/,
  'lora-kohya': /^kohya\/lora\.safetensors$/,
  'embedding-diffusers': /^learned_embeds(?:-\d+)?\.safetensors$/,
  'embedding-a1111': /^a1111\/.+$/,
};

export function ownFile({ files }: CheckpointRow, format: ExportFormat): StoredFile | null {
  const pattern = OWN_FILES[format];
  const [found, ...others] = pattern ? files.filter((file) => pattern.test(file.path)) : [];
  return found && others.length === 0 ? found : null;
}

/** `styleforge-1b2c3d4e-300-lora-kohya.safetensors` */
export function downloadName({ jobId, step }: CheckpointRow, format: ExportFormat, storedPath: string, rank = 0): string {
  return `styleforge-${jobId.slice(-8)}-${step}-${format}${rank > 0 ? `-rank${rank}` : ''}${path.extname(storedPath)}`;
}

/** Formats, each with whether its file already exists. */
export async function formatsOf(
  database: Database,
  downloads: Downloadable[],
): Promise<{ format: ExportFormat; url: string; ready: boolean }[][]> {
  const made = await database.exports.ready(downloads.map(({ checkpoint }) => checkpoint.id));
  return downloads.map(({ checkpoint, adaptation }) =>
    ADAPTATION_TRAITS[adaptation].exportFormats.map((format) => {
      const rank = extractsLora(adaptation, format) ? DEFAULT_EXTRACTED_RANK : 0;
      const isMade = made.some((row) => row.checkpointId === checkpoint.id && row.format === format && row.rank === rank);
      return { format, url: checkpointDownloadUrl(checkpoint.id, format), ready: isMade || ownFile(checkpoint, format) !== null };
    }),
  );
}

/** Throws if it failed permanently. */
export function refuseFailed({ status, error }: ExportRow): void {
  if (status !== 'failed' || error === null) return;
  throw new ApiError(error.retryable ? 'internal_error' : 'export_failed', error.message);
}

export function presentExport(row: ExportRow, checkpoint: CheckpointRow): CheckpointExportBody {
  return {
    id: row.id,
    checkpoint_id: row.checkpointId,
    format: row.format,
    rank: row.rank === 0 ? null : row.rank,
    status: row.status,
    progress: row.progress,
    file_name: downloadName(checkpoint, row.format, row.objectKey ?? (row.format.endsWith('zip') ? '.zip' : '.safetensors'), row.rank),
    size_bytes: row.sizeBytes,
    sha256: row.sha256,
    kept_share: row.keptShare,
    error: row.error,
    download_url: checkpointDownloadUrl(row.checkpointId, row.format, row.rank),
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}
