// GET /v1/base-models/{id}
import { baseModel, baseModelName } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';

export function getBaseModelRoute(app: ApiServer, { baseModels }: ApiDependencies): void {
  const schema = {
    operationId: 'getBaseModel',
    tags: ['base models'],
    summary: 'Read a base model',
    description: 'Looks up a base model by name. For one that is installed but cannot be used, `detail` says what to repair.',
    security,
    params: z.object({ id: baseModelName }),
    response: { 200: baseModel, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found', 'unusable_base_model') },
  };
  app.get('/base-models/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const entry = await baseModels.find(id);
    if (entry === null) throw notFound('base model', id);
    return tagAnswer(request, reply, entry.body) ? reply.code(304).send() : reply.send(entry.body);
  });
}
