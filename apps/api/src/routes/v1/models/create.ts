// POST /v1/models
import { createModelRequest, model } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { modelUrl } from '../../../presenters/links.ts';
import { presentModel } from '../../../presenters/models.ts';
import { createModel } from '../../../services/models/model-registry.ts';

export function createModelRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'createModel',
    tags: ['models'],
    summary: 'Give a trained model a name',
    description:
      'Creates version 1 of the model from a checkpoint or from the result of a training job. Requests can then ' +
      'refer to it as `ink-style`, as `ink-style@1` or by an alias, wherever they name a model. The checkpoint ' +
      'cannot be deleted while the version exists.',
    security,
    body: createModelRequest,
    response: {
      201: model,
      ...problemResponses(
        'validation_failed',
        'unknown_model',
        'status_conflict',
        'model_exists',
        'idempotency_in_progress',
        'idempotency_key_reused',
      ),
    },
  };
  app.post('/models', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { body, reservedUuid, caller } = request;
    const row = await createModel(dependencies, { projectId: caller.projectId, body, reservedUuid });
    return reply.code(201).header('location', modelUrl(row.name)).send(presentModel(row));
  });
}
