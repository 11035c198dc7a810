// GET /v1/training-jobs/{id}/checkpoints
import { checkpointPage, stepCursor, stepPageQuery, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentCheckpoint } from '../../../presenters/training-jobs.ts';
import { formatsOf } from '../../../services/models/checkpoint-downloads.ts';
import { findTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

export function listCheckpointsRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'listCheckpoints',
    tags: ['training jobs'],
    summary: 'List the checkpoints by step, with their files and download links',
    security,
    params: z.object({ id: trainingJobId }),
    querystring: stepPageQuery(stepCursor.default(0).describe('The step of the last checkpoint seen')),
    response: { 200: checkpointPage, ...problemResponses('not_found', 'validation_failed') },
  };
  app.get('/training-jobs/:id/checkpoints', { schema }, async (request) => {
    const job = await findTrainingJob(database, request.caller.projectId, request.params.id);
    const { limit, after } = request.query;
    const { rows, hasMore } = await database.checkpoints.listAfter(job.id, after, limit);
    const adaptation = job.config.adaptation.kind;
    const formats = await formatsOf(
      database,
      rows.map((checkpoint) => ({ checkpoint, adaptation })),
    );
    const data = await Promise.all(rows.map((row, index) => presentCheckpoint(row, formats[index] ?? [], objectStore)));
    return { data, has_more: hasMore, next: hasMore ? String(rows.at(-1)?.step) : null };
  });
}
