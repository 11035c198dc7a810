// POST /v1/training-jobs/{id}/resume
import { resumeTrainingJobRequest, trainingJob, trainingJobId } from '@styleforge/contracts';
import type { ResumeOutcome, TrainingJobRow } from '@styleforge/database';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError, notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toTrainingJobBody } from '../../../services/training-jobs/read-training-job.ts';
import { resumeConflict } from '../../../services/training-jobs/status-conflicts.ts';

export function resumeTrainingJobRoute(app: ApiServer, { database, maxQueuedJobsPerProject }: ApiDependencies): void {
  const schema = {
    operationId: 'resumeTrainingJob',
    tags: ['training jobs'],
    summary: 'Resume a training job',
    description:
      'Puts a paused, failed or cancelled job back into the queue; it continues from its last checkpoint. ' +
      'A succeeded job needs a larger `max_train_steps`. A learning-rate schedule that depends on the number of ' +
      'steps then follows the new number.',
    security,
    params: z.object({ id: trainingJobId }),
    body: resumeTrainingJobRequest,
    response: {
      202: trainingJob,
      ...problemResponses(
        'invalid_request',
        'not_found',
        'status_conflict',
        'validation_failed',
        'unusable_dataset',
        'too_many_queued_jobs',
        'idempotency_in_progress',
        'idempotency_key_reused',
      ),
    },
  };
  app.post('/training-jobs/:id/resume', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { id } = request.params;
    const outcome = await database.trainingJobs.resume(request.caller.projectId, id, {
      maxTrainSteps: request.body?.max_train_steps,
      maxQueuedJobs: maxQueuedJobsPerProject,
    });
    return reply.code(202).send(await toTrainingJobBody(database, resumedJob(outcome, id)));
  });
}

function resumedJob(outcome: ResumeOutcome, id: string): TrainingJobRow {
  switch (outcome.kind) {
    case 'done':
      return outcome.job;
    case 'not_found':
      throw notFound('training job', id);
    case 'conflict':
      throw resumeConflict(id, outcome);
    case 'needs_more_steps':
      throw invalidSteps(`must be larger than the ${outcome.after} steps that are done`);
    case 'warmup_too_long':
      throw invalidSteps(`must be at least lr_warmup_steps (${outcome.warmupSteps})`);
    case 'no_dataset':
      throw new ApiError('unusable_dataset', 'A dataset of this job has been deleted. Create a new job with datasets that exist.');
  }
}

function invalidSteps(detail: string): ApiError {
  return new ApiError('validation_failed', `/max_train_steps: ${detail}`, [{ pointer: '/max_train_steps', detail }]);
}
