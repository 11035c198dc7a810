// POST /v1/workers/{id}/drain and /undrain
import { worker, workerId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { toWorkerBody } from '../../../services/operations/workers.ts';

const ROUTES = [
  {
    operationId: 'drainWorker',
    verb: 'drain',
    drain: true,
    summary: 'Let a worker finish its jobs and take no further ones',
    description:
      'Needs the scope `admin`. The worker reacts within five seconds. It is `draining` until its jobs have ended, ' +
      'then `drained`, and can be stopped without interrupting anything. Idempotent.',
  },
  {
    operationId: 'undrainWorker',
    verb: 'undrain',
    drain: false,
    summary: 'Let a drained worker take jobs again',
    description: 'Needs the scope `admin`. Idempotent.',
  },
] as const;

export function drainWorkerRoutes(app: ApiServer, { database }: ApiDependencies): void {
  for (const { operationId, verb, drain, summary, description } of ROUTES) {
    const schema = {
      operationId,
      tags: ['machines'],
      summary,
      description,
      security,
      params: z.object({ id: workerId }),
      response: { 200: worker, ...problemResponses('not_found', 'idempotency_in_progress', 'idempotency_key_reused') },
    };
    app.post(`/workers/:id/${verb}`, { schema, config: { idempotent: true, scope: 'admin' } }, async ({ caller, params: { id } }) =>
      toWorkerBody(database, caller.projectId, await database.workers.setDrain(id, drain), id),
    );
  }
}
