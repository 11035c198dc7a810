// PATCH /v1/training-jobs/{id}
import { trainingJob, trainingJobId, updateTrainingJobRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toTrainingJobBody } from '../../../services/training-jobs/read-training-job.ts';

export function updateTrainingJobRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'updateTrainingJob',
    tags: ['training jobs'],
    summary: "Change a training job's name, notes, metadata and star",
    description: 'Allowed at any time. Omitted fields are not changed. The settings of the training never change.',
    security,
    params: z.object({ id: trainingJobId }),
    body: updateTrainingJobRequest,
    response: { 200: trainingJob, ...problemResponses('not_found', 'validation_failed') },
  };
  app.patch('/training-jobs/:id', { schema }, async (request) => {
    const { id } = request.params;
    const row = await database.trainingJobs.annotate(request.caller.projectId, id, request.body);
    if (row === null) throw notFound('training job', id);
    return toTrainingJobBody(database, row);
  });
}
