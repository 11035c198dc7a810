// GET /v1/checkpoints/{id}
import { createHash } from 'node:crypto';
import { checkpoint, checkpointId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { isUnchanged } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentCheckpoint } from '../../../presenters/training-jobs.ts';
import { findDownloadable, formatsOf } from '../../../services/models/checkpoint-downloads.ts';

export function getCheckpointRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'getCheckpoint',
    tags: ['checkpoints'],
    summary: 'Read a checkpoint with links to its files',
    description: 'The response has an ETag. With `If-None-Match`, the response for an unchanged one is 304.',
    security,
    params: z.object({ id: checkpointId }),
    response: { 200: checkpoint, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/checkpoints/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const found = await findDownloadable(database, request.caller.projectId, id);
    const row = found.checkpoint;
    const [formats = []] = await formatsOf(database, [found]);
    // The ETag excludes the links, which are signed for each response; the files of a checkpoint never change.
    const { objectPrefix, name, notes, starred, metadata } = row;
    const mark = createHash('sha256')
      .update(JSON.stringify([objectPrefix, name, notes, starred, metadata, formats.map(({ ready }) => ready)]))
      .digest('base64url');
    const etag = `"${mark}"`;
    reply.headers({ etag, 'cache-control': 'private, no-cache' });
    if (isUnchanged(request, etag)) return reply.code(304).send();
    return reply.send(await presentCheckpoint(row, formats, objectStore));
  });
}
