// GET, PUT and DELETE /v1/evaluations/{id}/votes
import { evaluationId, evaluationVotes, setVotesRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { findEvaluation } from '../../../services/evaluations/evaluation-service.ts';
import { readVotes, setVotes } from '../../../services/evaluations/votes.ts';

const path = '/evaluations/:id/votes';
const params = z.object({ id: evaluationId });
const common = { tags: ['evaluations'], security, params };

export function getVotesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    ...common,
    operationId: 'getVotes',
    summary: 'Read the blind votes of an evaluation',
    response: { 200: evaluationVotes, ...problemResponses('not_found') },
  };
  app.get(path, { schema }, async ({ caller, params: { id } }) =>
    readVotes(database, await findEvaluation(database, caller.projectId, id), caller.keyId),
  );
}

export function setVotesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    ...common,
    operationId: 'setVotes',
    summary: 'Vote on pairs of images of an evaluation',
    description:
      'Stores all votes of the request, or none. Each API key has one vote for a pair of images; a second one ' +
      'replaces it. The report shows the result.',
    body: setVotesRequest,
    response: { 200: evaluationVotes, ...problemResponses('not_found', 'validation_failed') },
  };
  app.put(path, { schema }, async ({ caller, params: { id }, body: { votes } }) => {
    const row = await findEvaluation(database, caller.projectId, id);
    await setVotes(database, row, caller.keyId, votes);
    return readVotes(database, row, caller.keyId);
  });
}

export function clearVotesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    ...common,
    operationId: 'deleteVotes',
    summary: 'Remove the votes of this API key',
    response: { 204: z.undefined().describe('Removed'), ...problemResponses('not_found') },
  };
  app.delete(path, { schema }, async ({ caller, params: { id } }, reply) => {
    await findEvaluation(database, caller.projectId, id);
    await database.evaluationVotes.clear(id, caller.keyId);
    return reply.code(204).send();
  });
}
