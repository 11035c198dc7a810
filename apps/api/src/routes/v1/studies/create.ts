// POST /v1/studies
import { createStudyRequest, study } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { studyUrl } from '../../../presenters/links.ts';
import { createStudy, toStudyBody } from '../../../services/training-jobs/study-service.ts';

export function createStudyRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'createStudy',
    tags: ['studies'],
    summary: 'Run variations of one training job and compare them',
    description: 'All variations are checked before the first job is created.',
    security,
    body: createStudyRequest,
    response: {
      202: study,
      ...problemResponses(
        'invalid_request',
        'validation_failed',
        'unusable_dataset',
        'unknown_base_model',
        'unusable_base_model',
        'unknown_model',
        'unknown_prompt_set',
        'too_many_queued_jobs',
        'idempotency_in_progress',
        'idempotency_key_reused',
      ),
    },
  };
  app.post('/studies', { schema, config: { idempotent: true } }, async (request, reply) => {
    const { caller, body, reservedUuid } = request;
    const row = await createStudy(dependencies, { projectId: caller.projectId, body, reservedUuid });
    return reply
      .code(202)
      .header('location', studyUrl(row.id))
      .send(await toStudyBody(dependencies.database, row));
  });
}
