// GET /v1/prompt-sets
import { pageQuery, promptSetPage } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentPage } from '../../../presenters/pages.ts';
import { presentPromptSetSummary } from '../../../presenters/prompt-sets.ts';
import { listPromptSets } from '../../../services/prompt-set-service.ts';

export function listPromptSetsRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    tags: ['prompt sets'],
    summary: 'List prompt sets, newest first',
    description: 'Every version is one entry. The last page ends with those that ship with the service.',
    security,
    querystring: pageQuery,
    response: { 200: promptSetPage, ...problemResponses('validation_failed') },
  };
  app.get('/prompt-sets', { schema }, async (request) => {
    const page = await listPromptSets(database, request.caller.projectId, request.query);
    return presentPage(page, presentPromptSetSummary);
  });
}
