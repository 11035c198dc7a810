// Warns in a job's log, at the beginning of its training, that the base model cannot reproduce the style.
import type { TrainingJobRow } from '@styleforge/database';
import type { ReconstructionMeasured } from '../processes/messages.ts';
import type { Services } from '../services.ts';

/** Peak signal-to-noise ratio in dB below which people notice that colors and lines are lost. */
const FAITHFUL_DB = 20;

export async function warnOfLostStyle(
  { id, baseModel }: TrainingJobRow,
  { psnr, images }: ReconstructionMeasured,
  { database, log }: Services<'database' | 'log'>,
): Promise<void> {
  log.info({ psnr, images }, "measured how exactly the base model's autoencoder reproduces the StyleRef images");
  if (psnr >= FAITHFUL_DB) return;
  const detail =
    `The autoencoder of ${baseModel} reproduces these StyleRef images with ${psnr.toFixed(1)} dB (peak signal-to-noise ratio). ` +
    `Below ${FAITHFUL_DB} dB, backgrounds, thin lines and colors of a style are lost, and training cannot bring them back. ` +
    'Use a larger base model, or images with simpler shapes and stronger contrast.';
  await database.events.append(id, 'job.warning', { code: 'style_far_from_base', psnr, detail });
}
