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
      'The workers of the whole installation, newest first: machine, device, versions, queues and what each is doing. Workers that went silent in the last day are shown as `lost`.',
    security,
    querystring: workerQuery,
    response: { 200: workerPage, ...problemResponses('validation_failed') },
  };
  app.get('/workers', { schema }, async ({ caller, query }) => listWorkers(database, caller.projectId, query));
}
