// GET /v1/exports/{id}
import { checkpointExport, exportId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentExport } from '../../../services/models/checkpoint-downloads.ts';

export function getExportRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getExport',
    tags: ['checkpoints'],
    summary: 'Read the progress of an export',
    security,
    params: z.object({ id: exportId }),
    response: { 200: checkpointExport, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/exports/:id', { schema }, async (request, reply) => {
    const { projectId } = request.caller;
    const row = await database.exports.find(projectId, request.params.id);
    const checkpoint = row && (await database.checkpoints.find(projectId, row.checkpointId));
    if (!row || !checkpoint) throw notFound('export', request.params.id);
    const body = presentExport(row, checkpoint);
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}
