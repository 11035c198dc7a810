// DELETE /v1/prompt-sets/{id}
import { promptSetId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { refuseUnlessDeleted } from '../../../services/operations/deletions.ts';

export function deletePromptSetRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'deletePromptSet',
    tags: ['prompt sets'],
    summary: 'Delete one version of a prompt set',
    description: 'Evaluations that used it keep their prompts. The sets that ship with the service cannot be deleted.',
    security,
    params: z.object({ id: promptSetId }),
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found') },
  };
  app.delete('/prompt-sets/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const outcome = await database.deletions.promptSet(projectId, id);
    refuseUnlessDeleted(outcome, 'prompt set', id);
    return reply.code(204).send();
  });
}
