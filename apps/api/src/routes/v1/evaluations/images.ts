// GET /v1/evaluations/{id}/images
import { evaluationId, evaluationImageList } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentEvaluationImage } from '../../../presenters/evaluations.ts';
import { findEvaluation } from '../../../services/evaluations/evaluation-service.ts';

export function listEvaluationImagesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listEvaluationImages',
    tags: ['evaluations'],
    summary: 'List the images of an evaluation, by model and prompt',
    security,
    params: z.object({ id: evaluationId }),
    response: { 200: evaluationImageList, ...problemResponses('not_found') },
  };
  app.get('/evaluations/:id/images', { schema }, async (request) => {
    const { id } = await findEvaluation(database, request.caller.projectId, request.params.id);
    return { data: (await database.evaluations.listImages(id)).map(presentEvaluationImage) };
  });
}
