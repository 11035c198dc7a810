// Data that the sweep removes next, with the time.
import { z } from 'zod';
import { timestamp } from '../common/pages.ts';

/** Kinds of data that expire, each with a setting for its days. */
export const EXPIRING_KINDS = ['checkpoint', 'validation_images', 'generated_images', 'export'] as const;
export type ExpiringKind = (typeof EXPIRING_KINDS)[number];

const expiration = z
  .object({
    kind: z.enum(EXPIRING_KINDS),
    id: z.string().describe('The checkpoint or export; for images, the training job or generation that they belong to'),
    training_job_id: z.string().nullable().describe('The training job that it belongs to; null for generated images'),
    count: z.int().describe('Number of images; 1 for a checkpoint or an export'),
    due_at: timestamp.describe('The first sweep after this time removes it'),
  })
  .meta({ id: 'Expiration' });
export type ExpirationBody = z.infer<typeof expiration>;

export const sweepReport = z
  .object({
    dry_run: z.boolean().describe('Whether sweeps only log what they would remove'),
    every_minutes: z.int().describe('Minutes between two sweeps'),
    kept_days: z.record(z.enum(EXPIRING_KINDS), z.int()).describe('Days for which each kind is kept; 0: forever'),
    trash_days: z.int().describe('Days for which removed files can still be restored from the object store'),
    next: z.array(expiration).describe('What is removed next of the project, the earliest first, at most 200 entries'),
  })
  .meta({ id: 'SweepReport' });
export type SweepReportBody = z.infer<typeof sweepReport>;

export const sweepQuery = z.object({
  days: z.coerce.number().int().min(1).max(365).default(7).describe('How many days ahead it looks'),
});
