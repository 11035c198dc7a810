// GET /v1/training-jobs/{id}/report
import { isFinishedJob, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { reportResponse, sendReport } from '../../../http/send-report.ts';
import { findEvaluation } from '../../../services/evaluations/evaluation-service.ts';
import { findTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

export function getTrainingReportRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getTrainingJobReport',
    tags: ['training jobs'],
    summary: 'Read the report of a training job that was created with `evaluation`',
    description: 'Responds with JSON, or, with `Accept: text/html`, with a page that contains all its images.',
    security,
    params: z.object({ id: trainingJobId }),
    response: { 200: reportResponse, ...problemResponses('not_found', 'status_conflict') },
  };
  app.get('/training-jobs/:id/report', { schema }, async (request, reply) => {
    const { database } = dependencies;
    const { id, config, status, result } = await findTrainingJob(database, request.caller.projectId, request.params.id);
    if (config.evaluation === null)
      throw new ApiError(
        'not_found',
        `The training job ${id} has no evaluation yet. Run: styleforge evaluate ${id} --compare-with base (POST /v1/evaluations).`,
      );
    if (!result?.evaluation_id) {
      throw new ApiError(
        'status_conflict',
        `The training job ${id} is ${status}${isFinishedJob(status) ? ' without a report.' : ': its report exists once it has succeeded.'}`,
      );
    }
    return sendReport(dependencies, await findEvaluation(database, request.caller.projectId, result.evaluation_id), request, reply);
  });
}
