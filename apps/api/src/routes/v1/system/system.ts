// GET /v1/system
import { systemReport } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { readSystem } from '../../../services/operations/system.ts';

export function getSystemRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getSystem',
    tags: ['machines'],
    summary: 'Read the state of the installation',
    description: 'Returns the version, the dependencies, the base models, and the live workers by device and version.',
    security,
    response: { 200: systemReport, ...problemResponses() },
  };
  app.get('/system', { schema }, async () => readSystem(dependencies));
}
