// POST /v1/training-jobs/{id}/checkpoint
import { trainingJob, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { requestOfJob } from '../../../services/training-jobs/job-requests.ts';

export function saveNowRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'saveTrainingJobCheckpoint',
    tags: ['training jobs'],
    summary: 'Save a checkpoint now',
    description:
      'The job continues. Its worker saves a checkpoint after the current step, and sends the event `checkpoint.saved`. ' +
      '`checkpoint_requested_at` is set until then; repeating the request changes nothing. The job must be running.',
    security,
    params: z.object({ id: trainingJobId }),
    response: {
      202: trainingJob,
      ...problemResponses('not_found', 'status_conflict', 'idempotency_in_progress', 'idempotency_key_reused'),
    },
  };
  app.post('/training-jobs/:id/checkpoint', { schema, config: { idempotent: true } }, async ({ caller, params: { id } }, reply) => {
    const body = await requestOfJob(database, caller.projectId, id, { kind: 'checkpoint', at: new Date() });
    return reply.code(202).send(body);
  });
}
