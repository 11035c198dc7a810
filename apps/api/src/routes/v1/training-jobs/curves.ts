// GET /v1/metrics: the loss curves of several jobs, downsampled.
import { trainingCurveQuery, trainingCurves } from '@styleforge/contracts';
import type { CurveBucketBody } from '@styleforge/contracts';
import type { CurveBucket } from '@styleforge/database';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';

const JOBS_AT_WORK = 20;

export function getCurvesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getTrainingCurves',
    tags: ['training jobs'],
    summary: 'Read the loss curves of several training jobs, downsampled',
    description:
      'Returns each curve in at most `points` buckets with the same number of steps, with minimum, mean and ' +
      'maximum. A job without points has no buckets.',
    security,
    querystring: trainingCurveQuery,
    response: { 200: trainingCurves, ...problemResponses('not_found', 'validation_failed') },
  };
  app.get('/metrics', { schema }, async (request) => {
    const { projectId } = request.caller;
    const { jobs, points } = request.query;
    const ids = jobs ?? (await database.trainingJobs.activeIds(projectId, JOBS_AT_WORK));
    const own = new Set(await database.trainingJobs.ownIds(projectId, ids));
    const missing = ids.find((id) => !own.has(id));
    if (missing !== undefined) throw notFound('training job', missing);
    const buckets = await database.metrics.curves(ids, points);
    return {
      data: ids.map((id) => ({ training_job_id: id, buckets: buckets.filter(({ jobId }) => jobId === id).map(presentBucket) })),
    };
  });
}

function presentBucket({ firstStep, lastStep, count, loss, styleRefLoss, auxLoss, gradNorm, learningRate }: CurveBucket): CurveBucketBody {
  return {
    first_step: firstStep,
    last_step: lastStep,
    count,
    loss,
    style_ref_loss: styleRefLoss,
    aux_loss: auxLoss,
    grad_norm: gradNorm,
    learning_rate: learningRate,
  };
}
