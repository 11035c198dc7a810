// The evaluation stage of a training job is taken over with its job, and ends with its job.
import { ACTIVE_JOB_STATUSES, FINISHED_JOB_STATUSES } from '@styleforge/contracts';
import type { EvaluationConfig } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { TestDatabase } from '@styleforge/testing';
import { trainingConfig } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProjectFixture } from './project-fixture.ts';

let fixture: TestDatabase;
let projectId: string;
let datasetId: string;
beforeAll(async () => {
  ({ fixture, projectId, datasetId } = await startProjectFixture());
});
afterAll(() => fixture.close());

const failure = { code: 'internal_error' as const, message: 'x', retryable: true };

async function evaluatingJob() {
  const { trainingJobs, evaluations } = fixture.database;
  const id = (await trainingJobs.create({ projectId, config: trainingConfig(datasetId) }))!.id;
  const evaluationId = newId('evaluation');
  await trainingJobs.claim(id);
  await trainingJobs.start(id, 1);
  await trainingJobs.setStatus(id, {
    from: 'running',
    to: 'evaluating',
    attempt: 1,
    result: { final_step: 1, checkpoint_id: 'ckpt_x', evaluation_id: evaluationId },
  });
  const start = () => evaluations.startStage(evaluationId, { projectId, trainingJobId: id, config: {} as EvaluationConfig });
  return { id, evaluationId, start };
}

describe('the evaluation stage of a job', () => {
  it('stays the same row in a later attempt, and cannot be cancelled separately', async () => {
    const { id, evaluationId, start } = await evaluatingJob();
    expect(await start()).toMatchObject({ id: evaluationId, status: 'running', attempt: 1, trainingJobId: id });
    expect(await start()).toMatchObject({ id: evaluationId, status: 'running', attempt: 2 });
    expect(await fixture.database.evaluations.requestCancel(projectId, evaluationId)).toMatchObject({
      status: 'running',
      cancelRequestedAt: null,
    });
  });

  it.each(FINISHED_JOB_STATUSES)('becomes %s with its job, and never starts again', async (status) => {
    const { id, evaluationId, start } = await evaluatingJob();
    await start();
    const change = {
      from: status === 'succeeded' ? ('evaluating' as const) : ACTIVE_JOB_STATUSES,
      to: status,
      ...(status === 'failed' ? { error: failure } : {}),
    };
    await fixture.database.trainingJobs.setStatus(id, change);
    const ended = await fixture.database.evaluations.get(evaluationId);
    expect(ended).toMatchObject({ status, error: status === 'failed' ? failure : null });
    expect(ended?.finishedAt).not.toBeNull();
    await expect(start()).rejects.toThrow(`Evaluation ${evaluationId} has ended before its training job ${id}`);
  });
});
