// DELETE /v1/checkpoints/{id}
import { checkpointId } from '@styleforge/contracts';
import { exportsPrefix } from '@styleforge/storage';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { refuseUnlessDeleted } from '../../../services/operations/deletions.ts';

export function deleteCheckpointRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'deleteCheckpoint',
    tags: ['checkpoints'],
    summary: 'Delete a checkpoint with its files',
    description: 'Refused until its training job has finished, and while an unfinished job, generation or evaluation uses it.',
    security,
    params: z.object({ id: checkpointId }),
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found', 'in_use') },
  };
  app.delete('/checkpoints/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const row = await database.checkpoints.find(projectId, id);
    const outcome = await database.deletions.checkpoint(projectId, id);
    refuseUnlessDeleted(outcome, 'checkpoint', id);
    if (row === null) return reply.code(204).send();
    await objectStore.deletePrefix(row.objectPrefix);
    await objectStore.deletePrefix(exportsPrefix(projectId, row.jobId, id));
    return reply.code(204).send();
  });
}
