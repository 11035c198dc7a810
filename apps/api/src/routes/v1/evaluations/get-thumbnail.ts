// GET /v1/evaluations/{id}/images/{model}/{index}/thumbnail
import { evaluationId, thumbnailQuery } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { place } from '../../../http/place.ts';
import { security } from '../../../http/security.ts';
import { sendThumbnail, THUMBNAIL_RESPONSES } from '../../../http/send-thumbnail.ts';
import { findEvaluation } from '../../../services/evaluations/evaluation-service.ts';

export function getEvaluationThumbnailRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const { database } = dependencies;
  const schema = {
    operationId: 'getEvaluationThumbnail',
    tags: ['evaluations'],
    summary: 'The thumbnail of an evaluated image as WebP',
    security,
    params: z.object({ id: evaluationId, model: place, index: place }),
    querystring: thumbnailQuery,
    response: THUMBNAIL_RESPONSES,
  };
  app.get('/evaluations/:id/images/:model/:index/thumbnail', { schema }, async (request, reply) => {
    const { id, model, index } = request.params;
    const evaluation = await findEvaluation(database, request.caller.projectId, id);
    const image = await database.evaluations.findImage(evaluation.id, model, index);
    if (image === null) throw notFound('evaluation image', `${model}/${index}`);
    return sendThumbnail(dependencies, { image, width: request.query.width }, request, reply);
  });
}
