// Finds the evaluation whose report is shared, by its id or by the id of its training job.
import { exampleId } from '@styleforge/contracts';
import type { Database, EvaluationRow } from '@styleforge/database';
import { ApiError, notFound } from '../../errors/api-error.ts';

const JOB_PREFIX = exampleId('trainingJob').split('_')[0];

/** `needed`: the status without which there is no report to share. */
export async function findSharedEvaluation(
  database: Database,
  projectId: string,
  id: string,
  needed?: EvaluationRow['status'],
): Promise<EvaluationRow> {
  const evaluation = await database.evaluations.find(
    projectId,
    id.startsWith(`${JOB_PREFIX}_`) ? await ofJob(database, projectId, id) : id,
  );
  if (evaluation === null) throw notFound('report', id);
  if (needed !== undefined && evaluation.status !== needed)
    throw new ApiError(
      'status_conflict',
      `The evaluation ${evaluation.id} is ${evaluation.status}: its report exists once it has succeeded.`,
    );
  return evaluation;
}

async function ofJob(database: Database, projectId: string, id: string): Promise<string> {
  const job = await database.trainingJobs.find(projectId, id);
  if (job === null) throw notFound('training job', id);
  if (!job.result?.evaluation_id)
    throw new ApiError(
      'status_conflict',
      `The training job ${id} is ${job.status} and has no report. Evaluate it first: POST /v1/evaluations.`,
    );
  return job.result.evaluation_id;
}
