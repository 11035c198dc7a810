// DELETE /v1/studies/{id}
import { studyId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { refuseUnlessDeleted } from '../../../services/operations/deletions.ts';

export function deleteStudyRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'deleteStudy',
    tags: ['studies'],
    summary: 'Delete a study',
    description: 'Its training jobs are kept. Delete them separately.',
    security,
    params: z.object({ id: studyId }),
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found') },
  };
  app.delete('/studies/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const outcome = await database.deletions.study(projectId, id);
    refuseUnlessDeleted(outcome, 'study', id);
    return reply.code(204).send();
  });
}
