// GET /v1/evaluations/{id}/images/{model}/{index}
import { evaluationId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { place } from '../../../http/place.ts';
import { security } from '../../../http/security.ts';
import { PNG_RESPONSES, sendObject } from '../../../http/send-object.ts';
import { findEvaluation } from '../../../services/evaluations/evaluation-service.ts';

export function getEvaluationImageRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'getEvaluationImage',
    tags: ['evaluations'],
    summary: 'One image as PNG, with its parameters in the metadata',
    security,
    params: z.object({ id: evaluationId, model: place, index: place }),
    response: PNG_RESPONSES,
  };
  app.get('/evaluations/:id/images/:model/:index', { schema }, async (request, reply) => {
    const { id, model, index } = request.params;
    const { id: evaluation } = await findEvaluation(database, request.caller.projectId, id);
    const row = await database.evaluations.findImage(evaluation, model, index);
    if (row === null) throw notFound('evaluation image', `${model}/${index}`);
    const { objectKey: key, sizeBytes: size, sha256 } = row;
    return sendObject(
      objectStore,
      { key, size, sha256, contentType: 'image/png', fileName: `${id}-${model}-${index}.png` },
      request,
      reply,
    );
  });
}
