// GET /v1/training-jobs
import { trainingJobPage, trainingJobQuery } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toTrainingJobBodies } from '../../../services/training-jobs/read-training-job.ts';

export function listTrainingJobsRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listTrainingJobs',
    tags: ['training jobs'],
    summary: 'List training jobs, newest first',
    security,
    querystring: trainingJobQuery,
    response: { 200: trainingJobPage, ...problemResponses('validation_failed') },
  };
  app.get('/training-jobs', { schema }, async (request) => {
    const { status, method, base_model: baseModel, metadata, ...page } = request.query;
    const pairs = [metadata ?? []].flat().map(splitPair);
    const { rows, hasMore } = await database.trainingJobs.list(
      request.caller.projectId,
      { status, method, baseModel, metadata: pairs },
      page,
    );
    return { data: await toTrainingJobBodies(database, rows), has_more: hasMore, next: hasMore ? (rows.at(-1)?.id ?? null) : null };
  });
}

/** Splits at the first colon: keys contain none, values may. */
function splitPair(pair: string): [key: string, value: string] {
  const colon = pair.indexOf(':');
  return [pair.slice(0, colon), pair.slice(colon + 1)];
}
