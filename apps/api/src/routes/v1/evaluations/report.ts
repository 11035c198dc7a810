// GET /v1/evaluations/{id}/report
import { evaluationId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { reportResponse, sendReport } from '../../../http/send-report.ts';
import { findEvaluation } from '../../../services/evaluations/evaluation-service.ts';

export function getEvaluationReportRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getEvaluationReport',
    tags: ['evaluations'],
    summary: 'Read the report of an evaluation',
    description: 'Responds with JSON, or, with `Accept: text/html`, with a page that contains all its images.',
    security,
    params: z.object({ id: evaluationId }),
    response: { 200: reportResponse, ...problemResponses('not_found', 'status_conflict') },
  };
  app.get('/evaluations/:id/report', { schema }, async (request, reply) => {
    const row = await findEvaluation(dependencies.database, request.caller.projectId, request.params.id);
    return sendReport(dependencies, row, request, reply);
  });
}
