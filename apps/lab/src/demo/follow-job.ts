// Shows a training job's progress until it has succeeded.
import type { TrainingJobBody } from '@styleforge/contracts';
import type { ApiClient } from './api-client.ts';
import { createProgressDisplay } from './progress-bar.ts';

/** Throws when the job fails or is cancelled. */
export async function followJob(client: ApiClient, jobId: string): Promise<TrainingJobBody> {
  const display = createProgressDisplay();
  try {
    return await client.waitForJob(jobId, (job) => display.update(job));
  } finally {
    display.stop();
  }
}
