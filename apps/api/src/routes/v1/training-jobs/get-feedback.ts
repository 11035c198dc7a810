// GET /v1/training-jobs/{id}/feedback
import { feedback, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { readFeedback } from '../../../services/candidates.ts';

export function getFeedbackRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'getFeedback',
    tags: ['training jobs'],
    summary: 'Show the candidates of a StyleDrop job and what has been said of them',
    description: 'With their CLIP scores once all of them are made; empty for a job that has none.',
    security,
    params: z.object({ id: trainingJobId }),
    response: { 200: feedback, ...problemResponses('not_found') },
  };
  app.get('/training-jobs/:id/feedback', { schema }, async ({ params, caller }) => readFeedback(dependencies, caller.projectId, params.id));
}
