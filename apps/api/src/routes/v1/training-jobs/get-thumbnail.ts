// GET /v1/training-jobs/{id}/images/{step}/{index}/thumbnail
import { thumbnailQuery, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { place } from '../../../http/place.ts';
import { security } from '../../../http/security.ts';
import { sendThumbnail, THUMBNAIL_RESPONSES } from '../../../http/send-thumbnail.ts';
import { findTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

export function getValidationThumbnailRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const { database } = dependencies;
  const schema = {
    operationId: 'getValidationThumbnail',
    tags: ['training jobs'],
    summary: 'The thumbnail of a validation image as WebP',
    security,
    params: z.object({ id: trainingJobId, step: place, index: place }),
    querystring: thumbnailQuery,
    response: THUMBNAIL_RESPONSES,
  };
  app.get('/training-jobs/:id/images/:step/:index/thumbnail', { schema }, async (request, reply) => {
    const { id, step, index } = request.params;
    const job = await findTrainingJob(database, request.caller.projectId, id);
    const image = await database.validationImages.find(job.id, step, index);
    if (image === null) throw notFound('validation image', `${step}/${index}`);
    return sendThumbnail(dependencies, { image, width: request.query.width }, request, reply);
  });
}
