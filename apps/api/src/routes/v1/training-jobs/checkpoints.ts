// GET /v1/training-jobs/{id}/checkpoints
import { checkpointList, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentCheckpoint } from '../../../presenters/training-jobs.ts';
import { findTrainingJob } from '../../../services/read-training-job.ts';

export function listCheckpointsRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    tags: ['training jobs'],
    summary: 'The checkpoints with their files and links to download them',
    security,
    params: z.object({ id: trainingJobId }),
    response: { 200: checkpointList, ...problemResponses('not_found') },
  };
  app.get('/training-jobs/:id/checkpoints', { schema }, async (request) => {
    const job = await findTrainingJob(database, request.caller.projectId, request.params.id);
    const rows = await database.checkpoints.list(job.projectId, job.id);
    return { data: await Promise.all(rows.map((row) => presentCheckpoint(row, objectStore))) };
  });
}
