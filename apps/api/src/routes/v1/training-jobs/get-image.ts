// GET /v1/training-jobs/{id}/images/{step}/{index}
import { trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { place } from '../../../http/place.ts';
import { security } from '../../../http/security.ts';
import { PNG_RESPONSES, sendObject } from '../../../http/send-object.ts';
import { findTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

export function getValidationImageRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'getValidationImage',
    tags: ['training jobs'],
    summary: 'One validation image as PNG, with its parameters in the metadata',
    security,
    params: z.object({ id: trainingJobId, step: place, index: place }),
    response: PNG_RESPONSES,
  };
  app.get('/training-jobs/:id/images/:step/:index', { schema }, async (request, reply) => {
    const { id, step, index } = request.params;
    const job = await findTrainingJob(database, request.caller.projectId, id);
    const row = await database.validationImages.find(job.id, step, index);
    if (row === null) throw notFound('validation image', `${step}/${index}`);
    const { objectKey: key, sizeBytes: size, sha256 } = row;
    return sendObject(objectStore, { key, size, sha256, contentType: 'image/png', fileName: `${id}-${step}-${index}.png` }, request, reply);
  });
}
