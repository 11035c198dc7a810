// POST /v1/training-jobs
import { createTrainingJobRequest, trainingJob } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { trainingJobUrl } from '../../../presenters/links.ts';
import { estimateOfQueued } from '../../../services/training-jobs/estimates.ts';
import { toNewJobBody } from '../../../services/training-jobs/read-training-job.ts';
import { createTrainingJob } from '../../../services/training-jobs/training-job-service.ts';

export function createTrainingJobRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'createTrainingJob',
    tags: ['training jobs'],
    summary: 'Create a training job',
    description: 'Omitted settings get the default of the base model, then of the method. The response shows the resolved values.',
    security,
    body: createTrainingJobRequest,
    response: {
      202: trainingJob,
      ...problemResponses(
        'invalid_request',
        'validation_failed',
        'unusable_dataset',
        'unknown_base_model',
        'unusable_base_model',
        'unknown_model',
        'unknown_prompt_set',
        'too_many_queued_jobs',
        'idempotency_in_progress',
        'idempotency_key_reused',
      ),
    },
  };
  app.post('/training-jobs', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { caller, body, reservedUuid } = request;
    const { projectId } = caller;
    const row = await createTrainingJob(dependencies, { projectId, body, reservedUuid });
    const job = await toNewJobBody(dependencies.database, row);
    const estimate = await estimateOfQueued(dependencies, row.config, job.progress.queue_position ?? 0);
    return reply
      .code(202)
      .header('location', trainingJobUrl(row.id))
      .send({ ...job, estimate });
  });
}
