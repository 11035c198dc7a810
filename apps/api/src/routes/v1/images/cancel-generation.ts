// POST /v1/images/generations/{id}/cancel
import { generation, generationId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentGeneration } from '../../../presenters/generations.ts';

export function cancelGenerationRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'cancelGeneration',
    tags: ['generations'],
    summary: 'Cancel a generation',
    description: 'Takes effect immediately. Images that are already generated are kept. A finished generation is not changed.',
    security,
    params: z.object({ id: generationId }),
    response: { 200: generation, ...problemResponses('not_found', 'idempotency_in_progress', 'idempotency_key_reused') },
  };
  app.post('/images/generations/:id/cancel', { schema, config: { idempotent: true } }, async (request) => {
    const { id } = request.params;
    const row = await database.generations.cancel(request.caller.projectId, id);
    if (row === null) throw notFound('generation', id);
    return presentGeneration(row);
  });
}
