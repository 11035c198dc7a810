// DELETE /v1/training-jobs/{id}
import { trainingJobId } from '@styleforge/contracts';
import { evaluationPrefix, trainingJobPrefix } from '@styleforge/storage';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { refuseUnlessDeleted } from '../../../services/operations/deletions.ts';

export function deleteTrainingJobRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'deleteTrainingJob',
    tags: ['training jobs'],
    summary: 'Delete a training job with everything that it has produced',
    description:
      'Also deletes its checkpoints, images, curves, events and evaluation. Refused until the job has finished, and ' +
      'while an unfinished job, generation or evaluation uses one of its checkpoints.',
    security,
    params: z.object({ id: trainingJobId }),
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found', 'status_conflict', 'in_use') },
  };
  app.delete('/training-jobs/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const outcome = await database.deletions.trainingJob(projectId, id);
    refuseUnlessDeleted(outcome, 'training job', id);
    await objectStore.deletePrefix(trainingJobPrefix(projectId, id));
    for (const evaluation of outcome.kind === 'deleted' ? outcome.evaluations : [])
      await objectStore.deletePrefix(evaluationPrefix(projectId, evaluation));
    return reply.code(204).send();
  });
}
