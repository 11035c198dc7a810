// GET /v1/images/generations
import { generationPage, generationQuery } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentGenerationSummary } from '../../../presenters/generations.ts';
import { presentPage } from '../../../presenters/pages.ts';

export function listGenerationsRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listGenerations',
    tags: ['generations'],
    summary: 'List generations, newest first',
    security,
    querystring: generationQuery,
    response: { 200: generationPage, ...problemResponses('validation_failed') },
  };
  app.get('/images/generations', { schema }, async (request) => {
    const { status, ...page } = request.query;
    return presentPage(await database.generations.list(request.caller.projectId, { status }, page), presentGenerationSummary);
  });
}
