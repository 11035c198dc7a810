// GET /v1/training-jobs/{id}/checkpoints/{checkpoint_id}/files/{path}
import path from 'node:path';
import { checkpointId, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { sendObject, SIGNED_LINK } from '../../../http/send-object.ts';

/** Content type of every file: clients generated from the OpenAPI document expect bytes, even for JSON files. */
const contentType = 'application/octet-stream';

export function downloadCheckpointFileRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'downloadCheckpointFile',
    tags: ['training jobs'],
    summary: 'Download one file of a checkpoint',
    description: 'Supports range requests.',
    security,
    params: z.object({
      id: trainingJobId,
      checkpoint_id: checkpointId,
      '*': z.string().describe('The path of the file in its checkpoint, as listed in `files`; slashes may be escaped'),
    }),
    response: {
      302: SIGNED_LINK,
      200: { description: 'The file', content: { 'application/octet-stream': { schema: z.string() } } },
      206: { description: 'The requested range', content: { 'application/octet-stream': { schema: z.string() } } },
      304: z.undefined().describe('Unchanged'),
      ...problemResponses('not_found', 'range_not_satisfiable'),
    },
  };
  app.get('/training-jobs/:id/checkpoints/:checkpoint_id/files/*', { schema }, async (request, reply) => {
    const { id, checkpoint_id, '*': name } = request.params;
    const row = await database.checkpoints.find(request.caller.projectId, checkpoint_id);
    const file = row?.jobId === id ? row.files.find((candidate) => candidate.path === name) : undefined;
    if (row === null || file === undefined) throw notFound('checkpoint file', name);
    const object = { key: row.objectPrefix + name, size: file.size, sha256: file.sha256, contentType, fileName: path.basename(name) };
    return sendObject(objectStore, object, request, reply);
  });
}
