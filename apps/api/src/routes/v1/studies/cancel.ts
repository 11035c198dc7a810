// POST /v1/studies/{id}/cancel
import { study, studyId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toStudyBody } from '../../../services/training-jobs/study-service.ts';

export function cancelStudyRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'cancelStudy',
    tags: ['studies'],
    summary: 'Cancel a study',
    description: 'Cancels every unfinished job of the study. The report keeps the results of the finished jobs.',
    security,
    params: z.object({ id: studyId }),
    response: { 202: study, ...problemResponses('not_found', 'idempotency_in_progress', 'idempotency_key_reused') },
  };
  app.post('/studies/:id/cancel', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { id } = request.params;
    const row = await database.studies.cancel(request.caller.projectId, id);
    if (row === null) throw notFound('study', id);
    return reply.code(202).send(await toStudyBody(database, row));
  });
}
