// DELETE /v1/images/{id}
import { imageId } from '@styleforge/contracts';
import { thumbnailKeys } from '@styleforge/storage';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { refuseUnlessDeleted } from '../../../services/operations/deletions.ts';

export function deleteImageRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'deleteImage',
    tags: ['images'],
    summary: 'Delete an uploaded or a generated image',
    description:
      'An uploaded image cannot be deleted while an unfinished job or evaluation uses its dataset, nor a generated ' +
      'image before its generation has finished.',
    security,
    params: z.object({ id: imageId }),
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found', 'in_use') },
  };
  app.delete('/images/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const generated = await database.generations.findImage(projectId, id);
    const uploaded = generated ? null : await database.images.find(projectId, id);
    const row = generated ?? uploaded;
    const outcome = await (generated ? database.deletions.generatedImage(projectId, id) : database.deletions.uploadedImage(projectId, id));
    refuseUnlessDeleted(outcome, 'image', id);
    if (row !== null) for (const key of [row.objectKey, ...thumbnailKeys(row.objectKey)]) await objectStore.delete(key);
    if (uploaded?.maskKey) await objectStore.delete(uploaded.maskKey);
    return reply.code(204).send();
  });
}
