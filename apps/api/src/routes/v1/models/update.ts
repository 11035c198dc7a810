// PATCH /v1/models/{name}
import { model, modelParams, updateModelRequest } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentModel } from '../../../presenters/models.ts';
import { updateModel } from '../../../services/models/model-registry.ts';

export function updateModelRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'updateModel',
    tags: ['models'],
    summary: 'Change the name, description, licence, template or cover of a model',
    security,
    params: modelParams,
    body: updateModelRequest,
    response: { 200: model, ...problemResponses('not_found', 'validation_failed', 'model_exists') },
  };
  app.patch('/models/:name', { schema }, async ({ caller, params, body }) =>
    presentModel(await updateModel(dependencies, caller.projectId, params.name, body)),
  );
}
