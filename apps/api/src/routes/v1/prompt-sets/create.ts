// POST /v1/prompt-sets
import { createPromptSetRequest, PROMPT_SET_LIMITS, promptSet } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { promptSetUrl } from '../../../presenters/links.ts';
import { presentPromptSet } from '../../../presenters/prompt-sets.ts';
import { createPromptSet } from '../../../services/prompts/prompt-set-service.ts';

export function createPromptSetRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'createPromptSet',
    tags: ['prompt sets'],
    summary: 'Create a prompt set, or the next version of one',
    description:
      'A version never changes, so that reports made with it can be compared. The body may have at most ' +
      `${PROMPT_SET_LIMITS.bodyBytes / 2 ** 20} MB.`,
    security,
    body: createPromptSetRequest,
    response: {
      201: promptSet,
      ...problemResponses('invalid_request', 'validation_failed', 'idempotency_in_progress', 'idempotency_key_reused'),
    },
  };
  app.post('/prompt-sets', { schema, config: { idempotent: true }, bodyLimit: PROMPT_SET_LIMITS.bodyBytes }, async (request, reply) => {
    const { caller, body, reservedUuid } = request;
    const set = await createPromptSet(database, { projectId: caller.projectId, body, reservedUuid });
    return reply.code(201).header('location', promptSetUrl(set.id)).send(presentPromptSet(set));
  });
}
