// POST /v1/images/generations
import { createGenerationRequest, generation, isFinishedGeneration } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentGeneration } from '../../../presenters/generations.ts';
import { generationUrl } from '../../../presenters/links.ts';
import { awaitGeneration, createGeneration } from '../../../services/generations/generation-service.ts';

export function createGenerationRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'createGeneration',
    tags: ['generations'],
    summary: 'Generate images',
    description: 'The response is 202 while the images are being generated, and 200 if they are ready within `wait` seconds.',
    security,
    body: createGenerationRequest,
    response: {
      200: generation,
      202: generation,
      ...problemResponses(
        'invalid_request',
        'validation_failed',
        'unknown_model',
        'unusable_base_model',
        'status_conflict',
        'too_much_unfinished_work',
        'idempotency_in_progress',
        'idempotency_key_reused',
      ),
    },
  };
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.post('/images/generations', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { body, reservedUuid } = request;
    const { projectId } = request.caller;
    const id = await createGeneration(dependencies, { projectId, body, reservedUuid });
    const row = await awaitGeneration(dependencies.database, projectId, id, { seconds: body.wait, signal: closing.signal });
    const status = isFinishedGeneration(row.status) ? 200 : 202;
    return reply.code(status).header('location', generationUrl(id)).send(presentGeneration(row));
  });
}
