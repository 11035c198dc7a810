// A checkpoint as one file, in a requested format.
import { z } from 'zod';
import { failure } from '../common/errors.ts';
import { checkpointId, exportId } from '../common/ids.ts';
import { timestamp } from '../common/pages.ts';
import { exportStatus } from '../common/statuses.ts';
import { isWholeModel } from '../training/adaptations.ts';
import type { AdaptationKind } from '../training/adaptations.ts';
import { EXPORT_FORMATS, LORA_FORMATS } from './export-formats.ts';
import type { ExportFormat } from './export-formats.ts';

/** Whether the LoRA of a full fine-tune is extracted, which loses some of the change. */
export const extractsLora = (adaptation: AdaptationKind, format: ExportFormat): boolean =>
  isWholeModel(adaptation) && LORA_FORMATS.includes(format);
export const DEFAULT_EXTRACTED_RANK = 32;

const rank = z.coerce.number().int().min(1).max(1024);

export const downloadQuery = z.strictObject({
  format: z.enum(EXPORT_FORMATS).describe('Format of the file; `formats` of the checkpoint lists the available ones'),
  rank: rank.optional().describe(`Rank of a LoRA that is extracted from a full fine-tune. Default: ${DEFAULT_EXTRACTED_RANK}`),
});

export const extractLoraRequest = z
  .strictObject({
    rank: z
      .int()
      .min(1)
      .max(1024)
      .default(DEFAULT_EXTRACTED_RANK)
      .describe('Rank of the LoRA: a higher rank keeps more of the change, in a larger file'),
    format: z.enum(['lora-diffusers', 'lora-kohya']).default('lora-kohya'),
  })
  .meta({ id: 'ExtractLoraRequest', examples: [{ rank: 32, format: 'lora-kohya' }] });

export const exportProgress = z.object({ phase: z.string(), done: z.int(), of: z.int() });
export type ExportProgress = z.infer<typeof exportProgress>;

export const checkpointExport = z
  .object({
    id: exportId,
    checkpoint_id: checkpointId,
    format: z.enum(EXPORT_FORMATS),
    rank: z.int().nullable(),
    status: exportStatus,
    progress: exportProgress.nullable(),
    file_name: z.string(),
    size_bytes: z.int().nullable(),
    sha256: z.string().nullable(),
    kept_share: z
      .number()
      .nullable()
      .describe('Share of the change that an extracted LoRA keeps, 0 to 1: a ratio of squared lengths over all weights'),
    error: failure.nullable(),
    download_url: z.string().describe('Link to the file; works once the file is made'),
    created_at: timestamp,
    finished_at: timestamp.nullable(),
  })
  .meta({ id: 'CheckpointExport' });
export type CheckpointExportBody = z.infer<typeof checkpointExport>;

/** A format in which a checkpoint can be downloaded. */
export const downloadFormat = z
  .object({
    format: z.enum(EXPORT_FORMATS),
    url: z.string(),
    ready: z.boolean().describe('Whether the file exists already. Otherwise the first request starts making it'),
  })
  .meta({ id: 'DownloadFormat' });
