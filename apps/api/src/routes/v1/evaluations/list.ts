// GET /v1/evaluations
import { evaluationId, evaluationPage, pageQuery } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentEvaluation } from '../../../presenters/evaluations.ts';
import { presentPage } from '../../../presenters/pages.ts';

export function listEvaluationsRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listEvaluations',
    tags: ['evaluations'],
    summary: 'List evaluations, newest first',
    security,
    querystring: pageQuery(evaluationId),
    response: { 200: evaluationPage, ...problemResponses('validation_failed') },
  };
  app.get('/evaluations', { schema }, async (request) =>
    presentPage(await database.evaluations.list(request.caller.projectId, request.query), presentEvaluation),
  );
}
