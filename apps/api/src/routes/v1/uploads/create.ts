// POST /v1/uploads
import path from 'node:path';
import { createUploadRequest, pendingUpload, UPLOAD_LIMITS, UPLOADS_PATH } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { pendingUploadKey } from '@styleforge/storage';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { LINK_SECONDS } from '../../../http/send-object.ts';

export function createUploadRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'createUpload',
    tags: ['datasets'],
    summary: 'Create a link to which a file can be sent',
    description:
      'Send the file by PUT to `url`, then name it by `upload_id` in `POST /v1/datasets/{id}/import`, which checks it like every upload. ' +
      'With an S3 object store, the file is sent directly to the store. A file that is not imported into a dataset is removed.',
    security,
    body: createUploadRequest,
    response: { 201: pendingUpload, ...problemResponses('validation_failed') },
  };
  app.post('/uploads', { schema, config: { idempotent: 'secret' } }, async (request, reply) => {
    const { projectId } = request.caller;
    const id = newId('upload', request.reservedUuid);
    const objectKey = pendingUploadKey(projectId, id);
    const expiresAt = new Date(Date.now() + LINK_SECONDS * 1000);
    const signed = await objectStore.presignPut?.(objectKey, LINK_SECONDS);
    const upload = {
      id,
      projectId, // Only the file name, as multipart uploads store it, because caption files are matched by it.
      fileName: path.win32.basename(request.body.file_name),
      objectKey,
      expiresAt,
    };
    const { token } = await database.pendingUploads.create(upload, signed === undefined);
    return reply
      .code(201)
      .header('cache-control', 'no-store')
      .send({
        id,
        method: 'PUT',
        url: signed ?? `${UPLOADS_PATH}/${token}`,
        max_bytes: UPLOAD_LIMITS.fileBytes,
        expires_at: expiresAt.toISOString(),
      });
  });
}
