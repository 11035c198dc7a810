// GET /v1/queue
import { queueReport } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { readQueues } from '../../../services/operations/system.ts';

export function getQueueRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getQueue',
    tags: ['machines'],
    summary: 'Read the length of the queues and the waiting work of the project',
    description:
      'Counts cover the whole installation; fields that begin with `own_` count the work of this project only. Work ' +
      'of other projects is counted, but not listed.',
    security,
    response: { 200: queueReport, ...problemResponses() },
  };
  app.get('/queue', { schema }, async ({ caller }) => readQueues(dependencies, caller.projectId));
}
