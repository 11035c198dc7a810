// GET /v1/studies
import { pageQuery, studyId, studyPage } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toStudySummaries } from '../../../services/training-jobs/study-service.ts';

export function listStudiesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listStudies',
    tags: ['studies'],
    summary: 'List studies, newest first',
    security,
    querystring: pageQuery(studyId),
    response: { 200: studyPage, ...problemResponses('validation_failed') },
  };
  app.get('/studies', { schema }, async (request) => {
    const { rows, hasMore } = await database.studies.list(request.caller.projectId, request.query);
    return { data: await toStudySummaries(database, rows), has_more: hasMore, next: hasMore ? (rows.at(-1)?.id ?? null) : null };
  });
}
