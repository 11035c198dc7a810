// PATCH /v1/images/generations/{id}
import { generation, generationId, updateAnnotationsRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentGeneration } from '../../../presenters/generations.ts';

export function updateGenerationRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'updateGeneration',
    tags: ['generations'],
    summary: 'Change the name, notes, metadata and star of a generation',
    description: 'Allowed at any time. Omitted fields are not changed.',
    security,
    params: z.object({ id: generationId }),
    body: updateAnnotationsRequest,
    response: { 200: generation, ...problemResponses('not_found', 'validation_failed') },
  };
  app.patch('/images/generations/:id', { schema }, async ({ caller: { projectId }, params: { id }, body }) => {
    const row = (await database.annotations.generation(projectId, id, body)) ? await database.generations.find(projectId, id) : null;
    if (row === null) throw notFound('generation', id);
    return presentGeneration(row);
  });
}
