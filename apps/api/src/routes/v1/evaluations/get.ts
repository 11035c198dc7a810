// GET /v1/evaluations/{id}
import { evaluation, evaluationId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentEvaluation } from '../../../presenters/evaluations.ts';
import { findEvaluation } from '../../../services/evaluations/evaluation-service.ts';

export function getEvaluationRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getEvaluation',
    tags: ['evaluations'],
    summary: 'Read an evaluation',
    description: 'The response has an ETag. With `If-None-Match`, the response for an unchanged one is 304.',
    security,
    params: z.object({ id: evaluationId }),
    response: { 200: evaluation, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/evaluations/:id', { schema }, async (request, reply) => {
    const body = presentEvaluation(await findEvaluation(database, request.caller.projectId, request.params.id));
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}
