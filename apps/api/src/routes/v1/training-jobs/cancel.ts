// POST /v1/training-jobs/{id}/cancel
import { trainingJob, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toTrainingJobBody } from '../../../services/training-jobs/read-training-job.ts';

export function cancelTrainingJobRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'cancelTrainingJob',
    tags: ['training jobs'],
    summary: 'Cancel a training job',
    description: 'A queued job is cancelled immediately, a running one within seconds, by its worker. A finished job is not changed.',
    security,
    params: z.object({ id: trainingJobId }),
    response: { 202: trainingJob, ...problemResponses('not_found', 'idempotency_in_progress', 'idempotency_key_reused') },
  };
  app.post('/training-jobs/:id/cancel', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { id } = request.params;
    const row = await database.trainingJobs.requestCancel(request.caller.projectId, id);
    if (row === null) throw notFound('training job', id);
    return reply.code(202).send(await toTrainingJobBody(database, row));
  });
}
