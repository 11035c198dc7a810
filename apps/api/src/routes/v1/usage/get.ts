// GET /v1/usage
import { usageQuery, usageReport } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { readUsage } from '../../../services/operations/usage.ts';

export function getUsageRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'getUsage',
    tags: ['usage'],
    summary: 'Read what the project has used in a month',
    description:
      'Returns the device seconds, training steps and images of one month (UTC), by kind of work and device, and by ' +
      'day. Work that was deleted later still counts. The numbers of running work are a few seconds old.',
    security,
    querystring: usageQuery,
    response: { 200: usageReport, ...problemResponses('validation_failed') },
  };
  app.get('/usage', { schema }, async ({ caller, query }) => readUsage(database, caller.projectId, query.month));
}
