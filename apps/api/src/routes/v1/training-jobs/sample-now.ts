// POST /v1/training-jobs/{id}/sample
import { sampleSettingsOf, trainingJob, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { requestOfJob } from '../../../services/training-jobs/job-requests.ts';
import { findTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

export function sampleNowRoute(app: ApiServer, { database, baseModels }: ApiDependencies): void {
  const schema = {
    operationId: 'sampleTrainingJob',
    tags: ['training jobs'],
    summary: 'Generate sample images now',
    description:
      'The job continues. After the current step, its worker generates images with the current weights, adds them ' +
      "to the job's images, and sends the event `validation.done`. " +
      'Prompts and seeds are those of `validation`; a job without one is sampled with the prompts of its components. ' +
      '`sample_requested_at` is set until then; repeating the request changes nothing. The job must be running.',
    security,
    params: z.object({ id: trainingJobId }),
    response: {
      202: trainingJob,
      ...problemResponses('not_found', 'status_conflict', 'unusable_base_model', 'idempotency_in_progress', 'idempotency_key_reused'),
    },
  };
  app.post('/training-jobs/:id/sample', { schema, config: { idempotent: true } }, async ({ caller, params: { id } }, reply) => {
    const job = await findTrainingJob(database, caller.projectId, id);
    const baseModel = await baseModels.find(job.baseModel);
    const sample = { ...sampleSettingsOf(job.config, baseModel?.profile.generation ?? {}), at: new Date().toISOString() };
    return reply.code(202).send(await requestOfJob(database, caller.projectId, id, { kind: 'sample', sample }));
  });
}
