// GET /v1/workers/{id}
import { worker, workerId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toWorkerBody } from '../../../services/operations/workers.ts';

export function getWorkerRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getWorker',
    tags: ['machines'],
    summary: 'Read a worker',
    security,
    params: z.object({ id: workerId }),
    response: { 200: worker, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/workers/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const body = await toWorkerBody(database, request.caller.projectId, await database.workers.find(id), id);
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}
