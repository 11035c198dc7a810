// GET /v1/prompt-sets
import { pageQuery, promptSetId, promptSetPage, SHIPPED_PROMPT_SETS } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentPage } from '../../../presenters/pages.ts';
import { presentPromptSetSummary } from '../../../presenters/prompt-sets.ts';
import { listPromptSets } from '../../../services/prompts/prompt-set-service.ts';

const cursor = z.union([promptSetId, z.enum(SHIPPED_PROMPT_SETS.map(({ name }) => name))], {
  error: 'must be the value of `next` in an earlier page',
});

export function listPromptSetsRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listPromptSets',
    tags: ['prompt sets'],
    summary: 'List prompt sets, newest first',
    description: 'Each version is a separate entry. The sets that ship with the service are last.',
    security,
    querystring: pageQuery(cursor),
    response: { 200: promptSetPage, ...problemResponses('validation_failed') },
  };
  app.get('/prompt-sets', { schema }, async (request) => {
    const page = await listPromptSets(database, request.caller.projectId, request.query);
    return presentPage(page, presentPromptSetSummary);
  });
}
