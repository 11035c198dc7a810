// GET /v1/training-jobs/{id}/worker-log
import { jobLog, jobLogQuery, readJobLog, trainingJobId } from '@styleforge/contracts';
import { JOB_LOG_LENGTH } from '@styleforge/database';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { findTrainingJob } from '../../../services/training-jobs/read-training-job.ts';

export function getWorkerLogRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getWorkerLog',
    tags: ['training jobs'],
    summary: 'Read the end of the log that workers have written about a job',
    description:
      'Contains what `LOG_LEVEL` of the worker lets through, at most 128 KiB. Keys, passwords and signatures of ' +
      'links are removed. A line appears two seconds after it was written, or earlier.',
    security,
    params: z.object({ id: trainingJobId }),
    querystring: jobLogQuery,
    response: { 200: jobLog, ...problemResponses('not_found', 'validation_failed') },
  };
  app.get('/training-jobs/:id/worker-log', { schema }, async ({ caller, params, query }) => {
    const { id } = await findTrainingJob(database, caller.projectId, params.id);
    const text = await database.jobLogs.read(id);
    return { training_job_id: id, ...readJobLog(text, query.lines, text.length >= JOB_LOG_LENGTH) };
  });
}
