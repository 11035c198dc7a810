// POST /v1/datasets
import { createDatasetRequest, dataset } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentDataset } from '../../../presenters/datasets.ts';
import { datasetUrl } from '../../../presenters/links.ts';

export function createDatasetRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'createDataset',
    tags: ['datasets'],
    summary: 'Create a dataset',
    security,
    body: createDatasetRequest,
    response: {
      201: dataset,
      ...problemResponses('invalid_request', 'validation_failed', 'idempotency_in_progress', 'idempotency_key_reused'),
    },
  };
  app.post('/datasets', { schema, config: { idempotent: true } }, async (request, reply) => {
    const id = newId('dataset', request.reservedUuid);
    const row = await database.datasets.create(request.caller.projectId, { id, ...request.body });
    return reply.code(201).header('location', datasetUrl(row.id)).send(presentDataset(row));
  });
}
