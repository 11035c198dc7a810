// GET /v1/studies/{id}
import { study, studyId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toStudyBody } from '../../../services/training-jobs/study-service.ts';

export function getStudyRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getStudy',
    tags: ['studies'],
    summary: 'Read a study with its comparison',
    security,
    params: z.object({ id: studyId }),
    response: { 200: study, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/studies/:id', { schema }, async (request, reply) => {
    const row = await database.studies.find(request.caller.projectId, request.params.id);
    if (row === null) throw notFound('study', request.params.id);
    const body = await toStudyBody(database, row);
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}
