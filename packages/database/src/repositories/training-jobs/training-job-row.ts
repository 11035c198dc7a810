// A training job's row with its JSON columns typed.
import { completeTrainingConfig, jobHeartbeat, withAbsentFields } from '@styleforge/contracts';
import type {
  Failure,
  JobHeartbeat,
  JobProgress,
  JobResult,
  JobStatus,
  JobWebhookEvent,
  SampleRequest,
  TrainingConfig,
  TrainingMethod,
} from '@styleforge/contracts';
import type { TrainingJob } from '../../generated/client.ts';

type TypedColumns = {
  status: JobStatus;
  method: TrainingMethod;
  config: TrainingConfig;
  metadata: Record<string, string>;
  progress: JobProgress | null;
  heartbeat: JobHeartbeat | null;
  result: JobResult | null;
  error: Failure | null;
  sampleRequest: SampleRequest | null;
  webhookEvents: JobWebhookEvent[];
  variation: { index: number; name: string; changes: Record<string, unknown> } | null;
};
export type TrainingJobRow = Omit<TrainingJob, keyof TypedColumns> & TypedColumns;

/** The row with the types of its JSON columns, which only this package writes, and only from these types. */
export function toTrainingJobRow(row: TrainingJob): TrainingJobRow {
  const typed = row as unknown as TrainingJobRow;
  const heartbeat = withAbsentFields(jobHeartbeat, typed.heartbeat) as JobHeartbeat | null;
  return { ...typed, config: completeTrainingConfig(typed.config), heartbeat };
}
