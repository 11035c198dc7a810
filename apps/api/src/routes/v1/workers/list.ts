// GET /v1/workers
import { workerPage, workerQuery } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { listWorkers } from '../../../services/operations/workers.ts';

export function listWorkersRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listWorkers',
    tags: ['machines'],
    summary: 'List the workers',
    description:
      'Lists the workers of the whole installation, newest first, with machine, device, versions, queues and ' +
      'current work. Workers that stopped responding in the last day are `lost`.',
    security,
    querystring: workerQuery,
    response: { 200: workerPage, ...problemResponses('validation_failed') },
  };
  app.get('/workers', { schema }, async ({ caller, query }) => listWorkers(database, caller.projectId, query));
}
