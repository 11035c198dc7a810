// GET /v1/training-jobs/{id}/metrics
import { jobMetricPage, stepCursor, stepPageQuery, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { findTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

export function listMetricsRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listTrainingJobMetrics',
    tags: ['training jobs'],
    summary: 'Read the loss curves, by step',
    security,
    params: z.object({ id: trainingJobId }),
    querystring: stepPageQuery(stepCursor.default(0).describe('The last step seen')),
    response: { 200: jobMetricPage, ...problemResponses('not_found', 'validation_failed') },
  };
  app.get('/training-jobs/:id/metrics', { schema }, async (request) => {
    const job = await findTrainingJob(database, request.caller.projectId, request.params.id);
    const { limit, after } = request.query;
    const { rows, hasMore } = await database.metrics.listAfter(job.id, after, limit);
    const data = rows.map(({ step, loss, styleRefLoss, auxLoss, gradNorm, learningRate }) => ({
      step,
      loss,
      style_ref_loss: styleRefLoss,
      aux_loss: auxLoss,
      grad_norm: gradNorm,
      learning_rate: learningRate,
    }));
    return { data, has_more: hasMore, next: hasMore ? String(rows.at(-1)?.step) : null };
  });
}
