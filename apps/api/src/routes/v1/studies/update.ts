// PATCH /v1/studies/{id}
import { study, studyId, updateNamedRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toStudyBody } from '../../../services/training-jobs/study-service.ts';

export function updateStudyRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'updateStudy',
    tags: ['studies'],
    summary: 'Change the name, notes, metadata and star of a study',
    description: 'Allowed at any time. Omitted fields are not changed.',
    security,
    params: z.object({ id: studyId }),
    body: updateNamedRequest,
    response: { 200: study, ...problemResponses('not_found', 'validation_failed') },
  };
  app.patch('/studies/:id', { schema }, async ({ caller: { projectId }, params: { id }, body }) => {
    const row = (await database.annotations.study(projectId, id, body)) ? await database.studies.find(projectId, id) : null;
    if (row === null) throw notFound('study', id);
    return toStudyBody(database, row);
  });
}
