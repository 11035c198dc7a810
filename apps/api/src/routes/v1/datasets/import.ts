// POST /v1/datasets/{id}/import
import { datasetId, importImagesRequest, uploadResponse } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { OpenSlots } from '../../../http/open-slots.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { countFiles } from '../../../services/datasets/caption-files.ts';
import { importImages } from '../../../services/datasets/image-import.ts';

const IMPORTS = { perKey: 2, total: 8 };

export function importImagesRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'importImages',
    tags: ['datasets'],
    summary: 'Import images from URLs or uploads',
    description:
      'The service fetches each image (at most 25 MB, within 30 seconds), follows up to three redirects, and ' +
      'connects to public addresses only. ' +
      'An upload (`POST /v1/uploads`) can be imported once. ' +
      'The response says for each entry whether its image was kept, and if not, why.',
    security,
    params: z.object({ id: datasetId }),
    body: importImagesRequest,
    response: {
      200: uploadResponse,
      ...problemResponses(
        'not_found',
        'validation_failed',
        'too_many_uploads',
        'storage_full',
        'idempotency_in_progress',
        'idempotency_key_reused',
      ),
    },
  };
  const open = new OpenSlots({ ...IMPORTS, code: 'too_many_uploads', things: 'imports', retrySeconds: 5 });
  app.post('/datasets/:id/import', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { id } = request.params;
    open.add(request.caller.keyId, reply);
    const dataset = await dependencies.database.datasets.find(request.caller.projectId, id);
    if (dataset === null) throw notFound('dataset', id);
    return reply.send(countFiles(await importImages(dependencies, dataset, request.body)));
  });
}
