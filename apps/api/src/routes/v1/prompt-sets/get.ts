// GET /v1/prompt-sets/{id}
import { promptSet, promptSetReference } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { tagAnswer } from '../../../http/etag.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentPromptSet } from '../../../presenters/prompt-sets.ts';
import { findPromptSet } from '../../../services/prompts/prompt-set-service.ts';

export function getPromptSetRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getPromptSet',
    tags: ['prompt sets'],
    summary: 'Read a prompt set',
    description: 'Accepts an id, a name (the newest version) or name@version.',
    security,
    params: z.object({ id: promptSetReference }),
    response: { 200: promptSet, 304: z.undefined().describe('Unchanged'), ...problemResponses('not_found') },
  };
  app.get('/prompt-sets/:id', { schema }, async (request, reply) => {
    const { id } = request.params;
    const set = await findPromptSet(database, request.caller.projectId, id);
    if (set === null) throw notFound('prompt set', id);
    const body = presentPromptSet(set);
    return tagAnswer(request, reply, body) ? reply.code(304).send() : reply.send(body);
  });
}
