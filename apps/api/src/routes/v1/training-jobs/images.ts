// GET /v1/training-jobs/{id}/images
import { trainingJobId, validationImagePage, validationImageQuery } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentValidationImage } from '../../../presenters/training-jobs.ts';
import { findTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

export function listValidationImagesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listValidationImages',
    tags: ['training jobs'],
    summary: 'List the validation images by step; step 0 shows the base model',
    security,
    params: z.object({ id: trainingJobId }),
    querystring: validationImageQuery,
    response: { 200: validationImagePage, ...problemResponses('not_found', 'validation_failed') },
  };
  app.get('/training-jobs/:id/images', { schema }, async (request) => {
    const job = await findTrainingJob(database, request.caller.projectId, request.params.id);
    const { limit, after, ...only } = request.query;
    const [step = -1, index = -1] = after?.split('.').map(Number) ?? [];
    const { rows, hasMore } = await database.validationImages.listAfter(job.id, { step, index }, limit, only);
    const last = rows.at(-1);
    return { data: rows.map(presentValidationImage), has_more: hasMore, next: hasMore && last ? `${last.step}.${last.index}` : null };
  });
}
