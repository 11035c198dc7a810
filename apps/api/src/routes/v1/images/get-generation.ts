// GET /v1/images/generations/{id}
import { generation, generationId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentGeneration } from '../../../presenters/generations.ts';

export function getGenerationRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getGeneration',
    tags: ['generations'],
    summary: 'Read a generation with its images',
    description: 'The response has an ETag. With `If-None-Match`, the response for an unchanged one is 304.',
    security,
    params: z.object({ id: generationId }),
    response: { 200: generation, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/images/generations/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const row = await database.generations.find(request.caller.projectId, id);
    if (row === null) throw notFound('generation', id);
    const body = presentGeneration(row);
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}
