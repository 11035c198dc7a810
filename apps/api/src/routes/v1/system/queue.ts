// GET /v1/queue
import { queueReport } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { readQueues } from '../../../services/system.ts';

export function getQueueRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getQueue',
    tags: ['machines'],
    summary: 'Read how long the queues are and what of the project waits in them',
    description:
      'Counts are those of the whole installation, `own_` those of the project. Work of other projects is counted and not named.',
    security,
    response: { 200: queueReport, ...problemResponses() },
  };
  app.get('/queue', { schema }, async ({ caller }) => readQueues(dependencies, caller.projectId));
}
