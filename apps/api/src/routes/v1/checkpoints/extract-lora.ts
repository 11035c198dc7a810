// POST /v1/checkpoints/{id}/extract-lora
import { checkpointExport, checkpointId, extractLoraRequest, isWholeModel } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { exportUrl } from '../../../presenters/links.ts';
import { checkFormat, findDownloadable, presentExport } from '../../../services/models/checkpoint-downloads.ts';

export function extractLoraRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'extractLora',
    tags: ['checkpoints'],
    summary: 'Extract a LoRA from a full fine-tune',
    description:
      'Approximates what the training changed in each layer by matrices of this rank (truncated singular value ' +
      'decomposition). `kept_share` says which share of the change the LoRA keeps. Follow it by `GET ' +
      '/v1/exports/{id}`, and download it from `download_url`.',
    security,
    params: z.object({ id: checkpointId }),
    body: extractLoraRequest,
    response: {
      202: checkpointExport,
      ...problemResponses('not_found', 'validation_failed', 'unsuitable_format', 'idempotency_in_progress', 'idempotency_key_reused'),
    },
  };
  app.post('/checkpoints/:id/extract-lora', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { projectId } = request.caller;
    const { rank, format } = request.body;
    const found = await findDownloadable(database, projectId, request.params.id);
    if (!isWholeModel(found.adaptation))
      throw new ApiError(
        'unsuitable_format',
        `The checkpoint ${found.checkpoint.id} is not a full fine-tune: its adaptation is ${found.adaptation}. ` +
          'Download one of its own formats instead.',
      );
    const used = checkFormat(found, format, rank);
    const row = await database.exports.request({ projectId, checkpointId: found.checkpoint.id, format, rank: used });
    return reply.code(202).header('location', exportUrl(row.id)).send(presentExport(row, found.checkpoint));
  });
}
