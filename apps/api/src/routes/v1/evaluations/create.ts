// POST /v1/evaluations
import { createEvaluationRequest, evaluation } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentEvaluation } from '../../../presenters/evaluations.ts';
import { evaluationUrl } from '../../../presenters/links.ts';
import { createEvaluation } from '../../../services/evaluations/evaluation-service.ts';

export function createEvaluationRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'createEvaluation',
    tags: ['evaluations'],
    summary: 'Evaluate a model: images, metrics and a report',
    description:
      'Generates images with every compared model from the same prompts and seeds, and writes a report with FID, KID and CLIP scores.',
    security,
    body: createEvaluationRequest,
    response: {
      202: evaluation,
      ...problemResponses(
        'invalid_request',
        'validation_failed',
        'unknown_model',
        'unusable_base_model',
        'unknown_prompt_set',
        'unusable_dataset',
        'too_much_unfinished_work',
        'idempotency_in_progress',
        'idempotency_key_reused',
      ),
    },
  };
  app.post('/evaluations', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { caller, body, reservedUuid } = request;
    const row = await createEvaluation(dependencies, { projectId: caller.projectId, body, reservedUuid });
    return reply.code(202).header('location', evaluationUrl(row.id)).send(presentEvaluation(row));
  });
}
