// GET /v1/checkpoints/{id}/download
import { checkpointExport, checkpointId, downloadQuery } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { sendObject, SIGNED_LINK } from '../../../http/send-object.ts';
import {
  checkFormat,
  downloadName,
  findDownloadable,
  ownFile,
  presentExport,
  refuseFailed,
} from '../../../services/models/checkpoint-downloads.ts';

const RETRY_AFTER_SECONDS = 2;
const file = (description: string) => ({ description, content: { 'application/octet-stream': { schema: z.string() } } });

export function downloadCheckpointRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'downloadCheckpoint',
    tags: ['checkpoints'],
    summary: 'Download a checkpoint as one file',
    description:
      'Sends the file if it exists already. Otherwise a worker makes it: the response is 202 with its progress and ' +
      '`Retry-After`. Repeat the request until the response is the file. A made file is kept for some days. Every ' +
      'adaptation except `adapter` can also be downloaded merged into its base model: `single-file` and ' +
      '`diffusers-zip`, in half precision.',
    security,
    params: z.object({ id: checkpointId }),
    querystring: downloadQuery,
    response: {
      302: SIGNED_LINK,
      200: file('The file'),
      202: checkpointExport.describe('The file is being made'),
      206: file('The requested range'),
      304: z.undefined().describe('Unchanged'),
      ...problemResponses('not_found', 'validation_failed', 'unsuitable_format', 'export_failed', 'range_not_satisfiable'),
    },
  };
  app.get('/checkpoints/:id/download', { schema }, async (request, reply) => {
    const { projectId } = request.caller;
    const { format, rank: askedRank } = request.query;
    const found = await findDownloadable(database, projectId, request.params.id);
    const rank = checkFormat(found, format, askedRank);
    const { checkpoint } = found;
    const own = ownFile(checkpoint, format);
    const contentType = 'application/octet-stream';
    if (own !== null) {
      const fileName = downloadName(checkpoint, format, own.path);
      return sendObject(objectStore, { ...own, key: checkpoint.objectPrefix + own.path, contentType, fileName }, request, reply);
    }
    const row = await database.exports.request({ projectId, checkpointId: checkpoint.id, format, rank });
    refuseFailed(row);
    const { status, objectKey: key, sha256, sizeBytes: size } = row;
    if (status === 'succeeded' && key !== null && sha256 !== null && size !== null) {
      return sendObject(
        objectStore,
        { key, size, sha256, contentType, fileName: downloadName(checkpoint, format, key, rank) },
        request,
        reply,
      );
    }
    reply.headers({ 'retry-after': String(RETRY_AFTER_SECONDS), 'cache-control': 'no-store' });
    return reply.code(202).type('application/json').send(presentExport(row, checkpoint));
  });
}
