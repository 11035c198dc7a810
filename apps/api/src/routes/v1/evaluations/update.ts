// PATCH /v1/evaluations/{id}
import { evaluation, evaluationId, updateAnnotationsRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentEvaluation } from '../../../presenters/evaluations.ts';

export function updateEvaluationRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'updateEvaluation',
    tags: ['evaluations'],
    summary: 'Change the name, notes, metadata and star of an evaluation',
    description: 'Allowed at any time. Omitted fields are not changed.',
    security,
    params: z.object({ id: evaluationId }),
    body: updateAnnotationsRequest,
    response: { 200: evaluation, ...problemResponses('not_found', 'validation_failed') },
  };
  app.patch('/evaluations/:id', { schema }, async ({ caller: { projectId }, params: { id }, body }) => {
    const row = (await database.annotations.evaluation(projectId, id, body)) ? await database.evaluations.find(projectId, id) : null;
    if (row === null) throw notFound('evaluation', id);
    return presentEvaluation(row);
  });
}
