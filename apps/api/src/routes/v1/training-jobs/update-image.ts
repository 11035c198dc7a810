// PATCH /v1/training-jobs/{id}/images/{step}/{index}
import { trainingJobId, updateValidationImageRequest, validationImage } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { place } from '../../../http/place.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentValidationImage } from '../../../presenters/training-jobs.ts';
import { findTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

export function updateValidationImageRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'updateValidationImage',
    tags: ['training jobs'],
    summary: 'Change the star of a validation image',
    description: 'Allowed at any time. The automatic cleanup never removes an image with a star.',
    security,
    params: z.object({ id: trainingJobId, step: place, index: place }),
    body: updateValidationImageRequest,
    response: { 200: validationImage, ...problemResponses('not_found', 'validation_failed') },
  };
  app.patch('/training-jobs/:id/images/:step/:index', { schema }, async ({ caller, params: { id, step, index }, body }) => {
    const job = await findTrainingJob(database, caller.projectId, id);
    const row = await database.validationImages.star(job.id, step, index, body.starred);
    if (row === null) throw notFound('validation image', `${step}/${index}`);
    return presentValidationImage(row);
  });
}
