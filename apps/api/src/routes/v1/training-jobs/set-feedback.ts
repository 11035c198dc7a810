// PUT /v1/training-jobs/{id}/feedback
import { feedback, setFeedbackRequest, trainingJobId } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { refusal } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { findCandidates, presentFeedback } from '../../../services/training-jobs/candidates.ts';

export function setFeedbackRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'setFeedback',
    tags: ['training jobs'],
    summary: 'Keep or drop candidates of a StyleDrop job',
    description:
      'Stores all verdicts of the request, or none. Images that are not named keep their verdicts. A second round ' +
      'with `by: human` trains on the kept images.',
    security,
    params: z.object({ id: trainingJobId }),
    body: setFeedbackRequest,
    response: { 200: feedback, ...problemResponses('not_found', 'validation_failed', 'status_conflict') },
  };
  app.put('/training-jobs/:id/feedback', { schema }, async ({ params: { id }, caller: { projectId }, body: { items } }) => {
    const { generation } = await findCandidates(dependencies, projectId, id);
    const verdicts = new Map(items.map(({ image_id, verdict }) => [image_id, verdict]));
    const unknown = new Set(await dependencies.database.generations.setVerdicts(projectId, generation.id, verdicts));
    const errors = items.flatMap(({ image_id }, index) =>
      unknown.has(image_id) ? [{ pointer: `/items/${index}/image_id`, detail: `is not a candidate of ${id}` }] : [],
    );
    if (errors.length > 0) throw refusal('validation_failed', errors);
    return presentFeedback(await findCandidates(dependencies, projectId, id));
  });
}
