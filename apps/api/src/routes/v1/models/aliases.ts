// PUT and DELETE /v1/models/{name}/aliases/{alias}
import { LATEST, model, modelAliasParams, setModelAliasRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError, notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentModel } from '../../../presenters/models.ts';
import { findModel } from '../../../services/models/model-registry.ts';

const PATH = '/models/:name/aliases/:alias';

export function setModelAliasRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'setModelAlias',
    tags: ['models'],
    summary: 'Set an alias of a version',
    description: 'Requests then name `ink-style@production`. An existing alias is moved to this version.',
    security,
    params: modelAliasParams,
    body: setModelAliasRequest,
    response: { 200: model, ...problemResponses('not_found', 'validation_failed') },
  };
  app.put(PATH, { schema }, async ({ caller: { projectId }, params: { name, alias }, body: { version } }) => {
    const { id } = await findModel(dependencies, projectId, name);
    if (alias === LATEST)
      throw new ApiError(
        'validation_failed',
        '`latest` always names the newest version and cannot be set: choose another alias, such as production',
      );
    if (!(await dependencies.database.models.setAlias(id, alias, version))) throw notFound('version of the model', `${name}@${version}`);
    return presentModel(await findModel(dependencies, projectId, name));
  });
}

export function deleteModelAliasRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'deleteModelAlias',
    tags: ['models'],
    summary: 'Delete an alias',
    description: 'The version itself is kept.',
    security,
    params: modelAliasParams,
    response: { 204: z.undefined().describe('Deleted'), ...problemResponses('not_found') },
  };
  app.delete(PATH, { schema }, async ({ caller: { projectId }, params: { name, alias } }, reply) => {
    const { id } = await findModel(dependencies, projectId, name);
    if (!(await dependencies.database.models.deleteAlias(id, alias))) throw notFound('alias of the model', `${name}@${alias}`);
    return reply.code(204).send();
  });
}
