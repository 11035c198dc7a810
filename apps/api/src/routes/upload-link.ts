// PUT /uploads/{token}: receives the file of an upload link, for object stores that do not sign links.
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UPLOAD_LIMITS, UPLOADS_PATH } from '@styleforge/contracts';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';
import { withUploadFolder } from '../services/files/upload-folders.ts';

/** Milliseconds for the whole file. */
const ARRIVAL_MS = 600_000;

export async function uploadLinkRoute(
  app: ApiServer,
  { database, objectStore, uploadDirectory, wrongKeyLimiter }: ApiDependencies,
): Promise<void> {
  await app.register(async (scope: ApiServer) => {
    // The file is read as a stream, whatever its Content-Type.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    const options = { schema: { hide: true }, config: { streamsBody: true }, bodyLimit: UPLOAD_LIMITS.fileBytes };
    scope.put<{ Params: { token: string }; Body: Readable }>(`${UPLOADS_PATH}/:token`, options, async (request, reply) => {
      const upload = await database.pendingUploads.resolve(request.params.token);
      if (upload === null) {
        await wrongKeyLimiter?.take(request.ip);
        throw new ApiError('not_found', 'This link has expired. Create another one with POST /v1/uploads.');
      }
      if (!request.body) throw new ApiError('invalid_request', 'The request has no body: send the bytes of the file.');
      await withUploadFolder(uploadDirectory, async (folder) => {
        const file = path.join(folder, 'sent');
        await pipeline(request.body, atMost(UPLOAD_LIMITS.fileBytes), createWriteStream(file), { signal: AbortSignal.timeout(ARRIVAL_MS) });
        await objectStore.put(upload.objectKey, { file });
      });
      return reply.code(200).send();
    });
  });
}

function atMost(bytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > bytes) done(new ApiError('payload_too_large', `A file may have at most ${bytes} bytes.`));
      else done(null, chunk);
    },
  });
}
