// GET /v1/training-jobs/{id}/feedback
import { feedback, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { readFeedback } from '../../../services/training-jobs/candidates.ts';

export function getFeedbackRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getFeedback',
    tags: ['training jobs'],
    summary: 'Show the candidates of a StyleDrop job with their feedback',
    description: 'Includes CLIP scores once all candidates are generated. The list is empty for a job without candidates.',
    security,
    params: z.object({ id: trainingJobId }),
    response: { 200: feedback, ...problemResponses('not_found') },
  };
  app.get('/training-jobs/:id/feedback', { schema }, async ({ params, caller }) => readFeedback(dependencies, caller.projectId, params.id));
}
