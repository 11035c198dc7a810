// GET /v1/training-jobs/{id}
import { trainingJob, trainingJobId } from '@styleforge/contracts';
import type { TrainingJobBody } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { KeptBodies } from '../../../http/kept-bodies.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { pollTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

export function getTrainingJobRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getTrainingJob',
    tags: ['training jobs'],
    summary: 'Read a training job',
    description: 'The response has an ETag. With `If-None-Match`, the response for an unchanged job is 304.',
    security,
    params: z.object({ id: trainingJobId }),
    response: { 200: trainingJob, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  const bodies = new KeptBodies<TrainingJobBody>(trainingJob);
  app.get('/training-jobs/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    return bodies.send(request, reply, { key: id, read: (known) => pollTrainingJob(database, { projectId, id, known }) });
  });
}
