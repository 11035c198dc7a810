// GET /v1/images/{id}: a generated or an uploaded image.
import path from 'node:path';
import { imageId } from '@styleforge/contracts';
import { contentTypeOf } from '@styleforge/storage';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { security } from '../../../http/security.ts';
import { IMAGE_RESPONSES, sendObject } from '../../../http/send-object.ts';

export function getImageRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'getImage',
    tags: ['images'],
    summary: 'One image',
    description:
      'The response is a PNG, or in the `format` that the generation requested. The metadata of a generated image contain its parameters.',
    security,
    params: z.object({ id: imageId }),
    response: IMAGE_RESPONSES,
  };
  app.get('/images/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const row = (await database.generations.findImage(projectId, id)) ?? (await database.images.find(projectId, id));
    if (row === null) throw notFound('image', id);
    const object = { key: row.objectKey, size: row.sizeBytes, sha256: row.sha256, ...fileOf(row.objectKey, id) };
    return sendObject(objectStore, object, request, reply);
  });
}

/** Images that jobs generate have the extension of their format. */
function fileOf(objectKey: string, id: string): { contentType: string; fileName: string } {
  return { contentType: contentTypeOf(objectKey), fileName: `${id}${path.extname(objectKey)}` };
}
