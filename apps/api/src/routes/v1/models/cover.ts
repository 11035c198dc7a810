// GET /v1/models/{name}/cover
import { modelParams } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { security } from '../../../http/security.ts';
import { PNG_RESPONSES, sendObject } from '../../../http/send-object.ts';
import { findModel } from '../../../services/models/model-registry.ts';

export function getModelCoverRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getModelCover',
    tags: ['models'],
    summary: 'The cover of a model as PNG',
    security,
    params: modelParams,
    querystring: z.strictObject({ v: z.string().max(64).optional().describe('Ignored: `cover_url` changes with the cover') }),
    response: PNG_RESPONSES,
  };
  app.get('/models/:name/cover', { schema }, async (request, reply) => {
    const { name } = request.params;
    const { coverKey: key, coverSha256: sha256, coverSize: size } = await findModel(dependencies, request.caller.projectId, name);
    if (key === null || sha256 === null || size === null) throw notFound('cover of the model', name);
    return sendObject(dependencies.objectStore, { key, size, sha256, contentType: 'image/png', fileName: `${name}.png` }, request, reply);
  });
}
