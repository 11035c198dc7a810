// DELETE /v1/evaluations/{id}
import { evaluationId } from '@styleforge/contracts';
import { evaluationPrefix } from '@styleforge/storage';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { refuseUnlessDeleted } from '../../../services/operations/deletions.ts';

export function deleteEvaluationRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'deleteEvaluation',
    tags: ['evaluations'],
    summary: 'Delete an evaluation with its images and its report',
    description: 'Refused until it has finished: cancel it first.',
    security,
    params: z.object({ id: evaluationId }),
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found', 'status_conflict') },
  };
  app.delete('/evaluations/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const outcome = await database.deletions.evaluation(projectId, id);
    refuseUnlessDeleted(outcome, 'evaluation', id);
    await objectStore.deletePrefix(evaluationPrefix(projectId, id));
    return reply.code(204).send();
  });
}
