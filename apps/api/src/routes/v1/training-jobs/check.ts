// POST /v1/training-jobs/check
import { checkTrainingJobRequest, trainingJobCheck } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { estimateOf } from '../../../services/training-jobs/estimates.ts';
import { checkTrainingJob } from '../../../services/training-jobs/training-job-service.ts';

export function checkTrainingJobRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'checkTrainingJob',
    tags: ['training jobs'],
    summary: 'Check a training job',
    description:
      'Validates a request without creating a job. Omit both `dataset_id`s to check the settings before uploading; ' +
      'include both to check the images too. `estimate` predicts time, memory and disk from earlier jobs with the ' +
      'same settings, and its fields are null without such jobs.',
    security,
    body: checkTrainingJobRequest,
    response: {
      200: trainingJobCheck,
      ...problemResponses(
        'validation_failed',
        'unusable_dataset',
        'unknown_base_model',
        'unusable_base_model',
        'unknown_model',
        'unknown_prompt_set',
      ),
    },
  };
  app.post('/training-jobs/check', { schema, config: { idempotent: true } }, async ({ caller, body }) => {
    const config = await checkTrainingJob(dependencies, caller.projectId, body);
    const estimate = await estimateOf(dependencies, { projectId: caller.projectId, config, priority: body.priority });
    const { hyperparameters, validation, early_stopping } = config;
    return { hyperparameters, validation, early_stopping, estimate };
  });
}
