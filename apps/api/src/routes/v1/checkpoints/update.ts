// PATCH /v1/checkpoints/{id}
import { checkpoint, checkpointId, updateAnnotationsRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { findDownloadable, formatsOf } from '../../../services/models/checkpoint-downloads.ts';
import { presentCheckpoint } from '../../../presenters/training-jobs.ts';

export function updateCheckpointRoute(app: ApiServer, { database, objectStore }: ApiDependencies): void {
  const schema = {
    operationId: 'updateCheckpoint',
    tags: ['checkpoints'],
    summary: 'Change the name, notes, metadata and star of a checkpoint',
    description:
      'Allowed at any time. Omitted fields are not changed. A checkpoint with a star is kept: neither ' +
      '`checkpoints_total_limit` nor the automatic cleanup removes it.',
    security,
    params: z.object({ id: checkpointId }),
    body: updateAnnotationsRequest,
    response: { 200: checkpoint, ...problemResponses('not_found', 'validation_failed') },
  };
  app.patch('/checkpoints/:id', { schema }, async ({ caller: { projectId }, params: { id }, body }) => {
    if (!(await database.annotations.checkpoint(projectId, id, body))) throw notFound('checkpoint', id);
    const found = await findDownloadable(database, projectId, id);
    const [formats = []] = await formatsOf(database, [found]);
    return presentCheckpoint(found.checkpoint, formats, objectStore);
  });
}
