// GET /v1/training-jobs/{id}/metrics
import { jobMetricList, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { findTrainingJob } from '../../../services/read-training-job.ts';

export function listMetricsRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    tags: ['training jobs'],
    summary: 'The loss curves',
    security,
    params: z.object({ id: trainingJobId }),
    response: { 200: jobMetricList, ...problemResponses('not_found') },
  };
  app.get('/training-jobs/:id/metrics', { schema }, async (request) => {
    const job = await findTrainingJob(database, request.caller.projectId, request.params.id);
    const points = await database.metrics.list(job.id);
    const data = points.map(({ step, loss, styleRefLoss, auxLoss, gradNorm, learningRate }) => ({
      step,
      loss,
      style_ref_loss: styleRefLoss,
      aux_loss: auxLoss,
      grad_norm: gradNorm,
      learning_rate: learningRate,
    }));
    return { data };
  });
}
