// POST /v1/evaluations/{id}/cancel
import { evaluation, evaluationId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError, notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentEvaluation } from '../../../presenters/evaluations.ts';

export function cancelEvaluationRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'cancelEvaluation',
    tags: ['evaluations'],
    summary: 'Cancel an evaluation',
    description:
      'A queued evaluation is cancelled immediately, a running one by its worker. Repeating the request, or ' +
      'cancelling a finished evaluation, changes nothing.',
    security,
    params: z.object({ id: evaluationId }),
    response: { 202: evaluation, ...problemResponses('not_found', 'status_conflict', 'idempotency_in_progress', 'idempotency_key_reused') },
  };
  app.post('/evaluations/:id/cancel', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { id } = request.params;
    const row = await database.evaluations.requestCancel(request.caller.projectId, id);
    if (row === null) throw notFound('evaluation', id);
    if (row.trainingJobId !== null && row.finishedAt === null) {
      throw new ApiError('status_conflict', `The evaluation ${id} is a stage of the training job ${row.trainingJobId}: cancel that.`);
    }
    return reply.code(202).send(presentEvaluation(row));
  });
}
