// Progress of the experiment.
import type { Database } from '@styleforge/database';

/** Training jobs by status. */
export async function countJobs({ operations }: Database): Promise<Record<string, number>> {
  const counts = (await operations.countByStatus()).filter(({ kind }) => kind === 'training_job');
  return Object.fromEntries(counts.map(({ status, count }) => [status, count]));
}
