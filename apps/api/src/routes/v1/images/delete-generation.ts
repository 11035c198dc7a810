// DELETE /v1/images/generations/{id}
import { generationId } from '@styleforge/contracts';
import { generationPrefix } from '@styleforge/storage';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { refuseUnlessDeleted } from '../../../services/operations/deletions.ts';

export function deleteGenerationRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'deleteGeneration',
    tags: ['generations'],
    summary: 'Delete a generation with its images',
    description: 'Refused until it has finished: cancel it first.',
    security,
    params: z.object({ id: generationId }),
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found', 'status_conflict') },
  };
  app.delete('/images/generations/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const outcome = await database.deletions.generation(projectId, id);
    refuseUnlessDeleted(outcome, 'generation', id);
    await objectStore.deletePrefix(generationPrefix(projectId, id));
    return reply.code(204).send();
  });
}
