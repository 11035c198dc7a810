// GET /v1/training-jobs/{id}/images
import { trainingJobId, validationImageList } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentValidationImage } from '../../../presenters/training-jobs.ts';
import { findTrainingJob } from '../../../services/read-training-job.ts';

export function listValidationImagesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    tags: ['training jobs'],
    summary: 'The validation images, from the base model (step 0) on',
    security,
    params: z.object({ id: trainingJobId }),
    response: { 200: validationImageList, ...problemResponses('not_found') },
  };
  app.get('/training-jobs/:id/images', { schema }, async (request) => {
    const job = await findTrainingJob(database, request.caller.projectId, request.params.id);
    return { data: (await database.validationImages.list(job.id)).map(presentValidationImage) };
  });
}
