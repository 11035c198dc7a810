// GET /v1/models/{name}/versions/{version}/file: the file of an uploaded adapter, as it was sent.
import { modelVersionParams } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { sendObject, SIGNED_LINK } from '../../../http/send-object.ts';
import { findModelVersion } from '../../../services/models/model-registry.ts';

const contentType = 'application/octet-stream';
const file = (description: string) => ({ description, content: { [contentType]: { schema: z.string() } } });

export function downloadModelVersionRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'downloadModelVersion',
    tags: ['models'],
    summary: 'Download the file of an uploaded adapter',
    description:
      'Sends the file as it was uploaded. The settings of a LoRA that peft has written are in ' +
      '`provenance.upload.peft` of the version. A version that was made from a training job has no file of its own: ' +
      'download its checkpoint.',
    security,
    params: modelVersionParams,
    response: {
      302: SIGNED_LINK,
      200: file('The file'),
      206: file('The requested range'),
      304: z.undefined().describe('Unchanged'),
      ...problemResponses('not_found', 'unsuitable_format', 'range_not_satisfiable'),
    },
  };
  app.get('/models/:name/versions/:version/file', { schema }, async (request, reply) => {
    const { name, version } = request.params;
    const row = await findModelVersion(dependencies, request.caller.projectId, name, version);
    const { objectKey: key, sha256, sizeBytes: size, checkpointId, provenance } = row;
    if (key === null || sha256 === null || size === null)
      throw new ApiError(
        'unsuitable_format',
        `${name}@${version} was not uploaded: it was made from the checkpoint ${checkpointId}. Download it from ` +
          `/v1/checkpoints/${checkpointId}/download.`,
      );
    const fileName = provenance.upload?.file_name ?? `${name}.safetensors`;
    return sendObject(dependencies.objectStore, { key, size, sha256, contentType, fileName }, request, reply);
  });
}
