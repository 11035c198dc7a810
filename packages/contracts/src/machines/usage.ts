// Use of devices: time, training steps and images, by job and by month.
import { z } from 'zod';

const amounts = {
  device_seconds: z
    .number()
    .describe('Seconds for which work held a device; if several jobs share a device at the same time, each counts an equal share'),
  steps: z.int().describe('Number of training steps, including steps that were repeated after a worker had died'),
  images: z.int().describe('Number of generated images, including those of validations and evaluations'),
};

export const usageAmounts = z.object(amounts).meta({ id: 'Usage' });
export type UsageBody = z.infer<typeof usageAmounts>;

/** A month of this millennium. Other years are mistakes, and some are outside the database's range. */
const MONTH = /^2\d{3}-(?:0[1-9]|1[0-2])$/;

export const usageQuery = z.strictObject({
  month: z
    .string()
    .regex(MONTH, 'must be a month such as 2026-11')
    .optional()
    .describe('A month in UTC, such as `2026-11`. Default: the current month'),
});

export const storageAmounts = z
  .object({
    total_bytes: z.int(),
    datasets_bytes: z.int().describe('Uploaded images'),
    checkpoints_bytes: z.int(),
    adapters_bytes: z.int().describe('Adapters that were uploaded to named models'),
    images_bytes: z.int().describe('Generated images, with sample images of jobs and those of evaluations'),
    exports_bytes: z.int().describe('Files made for downloads; they are removed when nobody has asked for them for some time'),
  })
  .meta({ id: 'Storage' });
export type StorageBody = z.infer<typeof storageAmounts>;

export const usageReport = z
  .object({
    month: z.string(),
    total: usageAmounts,
    by_kind: z.array(z.object({ kind: z.enum(['training_job', 'generation', 'evaluation']), device: z.string(), ...amounts })),
    storage: storageAmounts.describe('What the project stores now, whatever the month; thumbnails and databases are not counted'),
    by_day: z.array(z.object({ day: z.string().describe('A day in UTC, such as `2026-11-29`'), ...amounts })),
  })
  .meta({ id: 'UsageReport' });
export type UsageReportBody = z.infer<typeof usageReport>;
