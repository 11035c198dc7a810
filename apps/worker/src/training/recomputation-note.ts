// Reports in the log and in a job's events that the card was too full to keep the activations.
import type { TrainingJobRow } from '@styleforge/database';
import type { RecomputationBegun } from '../processes/messages.ts';
import type { Services } from '../services.ts';

export async function noteRecomputation(
  { id }: TrainingJobRow,
  { step, reason }: RecomputationBegun,
  { log, database }: Services<'log' | 'database'>,
): Promise<void> {
  log.warn({ step, reason }, 'the card is too full: all activations are recomputed in the backward pass from this step on');
  await database.events.append(id, 'activations.recomputed', { step, reason });
}
