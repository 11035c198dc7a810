// GET /v1/models/{name}
import { model, modelParams } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentModel } from '../../../presenters/models.ts';
import { findModel } from '../../../services/models/model-registry.ts';

export function getModelRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getModel',
    tags: ['models'],
    summary: 'Read a model with its newest version',
    security,
    params: modelParams,
    response: { 200: model, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/models/:name', { schema }, async (request, reply) => {
    const body = presentModel(await findModel(dependencies, request.caller.projectId, request.params.name));
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}
