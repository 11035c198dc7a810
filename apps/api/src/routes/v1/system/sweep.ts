// GET /v1/system/sweep
import { sweepQuery, sweepReport } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { readSweep } from '../../../services/operations/sweep.ts';

export function getSweepRoute(app: ApiServer, { database, sweep }: ApiDependencies): void {
  const schema = {
    operationId: 'getSweep',
    tags: ['machines'],
    summary: 'Read what the automatic cleanup removes next',
    description:
      'Lists data of the project whose retention time ends within the given days, with the time. A checkpoint with ' +
      'a star is not removed; an export is kept longer each time it is downloaded.',
    security,
    querystring: sweepQuery,
    response: { 200: sweepReport, ...problemResponses('validation_failed') },
  };
  app.get('/system/sweep', { schema }, async ({ caller: { projectId }, query: { days } }) =>
    readSweep(database, sweep, { projectId, ahead: days }),
  );
}
