// POST /v1/training-jobs/{id}/pause
import { trainingJob, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toTrainingJobBody } from '../../../services/training-jobs/read-training-job.ts';
import { pauseConflict } from '../../../services/training-jobs/status-conflicts.ts';

export function pauseTrainingJobRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'pauseTrainingJob',
    tags: ['training jobs'],
    summary: 'Pause a training job',
    description:
      'A queued job is paused at once. A running one becomes `pausing` and, when its worker has saved a checkpoint, `paused`. ' +
      'A paused or pausing job is not changed. A job that is being cancelled or evaluated, or has finished, cannot be paused.',
    security,
    params: z.object({ id: trainingJobId }),
    response: {
      202: trainingJob,
      ...problemResponses('not_found', 'status_conflict', 'idempotency_in_progress', 'idempotency_key_reused'),
    },
  };
  app.post('/training-jobs/:id/pause', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { id } = request.params;
    const outcome = await database.trainingJobs.requestPause(request.caller.projectId, id);
    switch (outcome.kind) {
      case 'not_found':
        throw notFound('training job', id);
      case 'conflict':
        throw pauseConflict(id, outcome);
      case 'done':
        return reply.code(202).send(await toTrainingJobBody(database, outcome.job));
    }
  });
}
