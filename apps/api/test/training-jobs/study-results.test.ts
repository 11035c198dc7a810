// What a study says of its jobs: the best values, and the results of evaluations.
import type { StudyBody } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let job: object;
beforeAll(async () => {
  api = await startApiFixture();
  const styleRef = await createDataset(api, 'style_ref', [{ component: 'person', seeds: [1, 2, 3] }]);
  const aux = await createDataset(api, 'aux', [{ seeds: [4, 5, 6] }]);
  job = { method: 'single-styleforge', base_model: 'tiny', style_ref: { dataset_id: styleRef }, aux: { dataset_id: aux } };
});
afterAll(() => api.close());

const post = (body: object) => api.call<StudyBody>('POST', '/v1/studies', { body: { name: 'a study', job, ...body } });

describe('a study of jobs that stop early', () => {
  it('names the variation with the best score of each metric: the lowest distance, the highest similarity', async () => {
    const { body } = await post({ grid: [{ pointer: '/hyperparameters/seed', values: [1, 2, 3, 4] }] });
    const best = [
      ['kid@mini-clip', 4, 10],
      ['kid@mini-clip', 3, 20],
      ['clip@mini-clip', 24, 30],
      ['clip@mini-clip', 25, 40],
    ] as const;
    for (const [index, { training_job_id: id }] of body.report.entries()) {
      const [metric, value, step] = best[index]!;
      await api.database.trainingJobs.claim(id);
      await api.database.trainingJobs.start(id, 1);
      const result = { final_step: 50, checkpoint_id: 'ckpt_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70', best: { metric, value, step } };
      await api.database.trainingJobs.setStatus(id, { from: 'running', to: 'succeeded', result });
    }
    const read = await api.call<StudyBody>('GET', `/v1/studies/${body.id}`);
    expect(read.body).toMatchObject({ status: 'finished', jobs: { succeeded: 4 } });
    expect(read.body.leaders.map(({ metric, value, step, name }) => [metric, value, step, name])).toEqual([
      ['kid@mini-clip', 3, 20, 'seed=2'],
      ['clip@mini-clip', 25, 40, 'seed=4'],
    ]);
  });
});

describe('a study of jobs that are evaluated', () => {
  it('shows the results of each evaluation, and never names a collapsed model as the best', async () => {
    const { body } = await post({ grid: [{ pointer: '/hyperparameters/seed', values: [1, 2, 3] }] });
    const { trainingJobs, evaluations } = api.database;
    const values = [
      { outcome: 'took_hold', kid: 0.012, clip: 57 },
      { outcome: 'collapsed', kid: 0.003, clip: 6 },
      { outcome: 'did_not_take_hold', kid: 0.03, clip: 62 },
    ] as const;
    const ids: string[] = [];
    for (const [index, { training_job_id: id }] of body.report.entries()) {
      const { outcome, kid, clip } = values[index]!;
      await trainingJobs.claim(id);
      await trainingJobs.start(id, 1);
      const evaluationId = newId('evaluation');
      ids.push(evaluationId);
      const result = { final_step: 50, checkpoint_id: 'ckpt_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70', evaluation_id: evaluationId };
      await trainingJobs.setStatus(id, { from: 'running', to: 'evaluating', result });
      const config = { models: [] } as never;
      const { attempt } = await evaluations.startStage(evaluationId, { projectId: api.projectId, trainingJobId: id, config });
      await evaluations.recordSummary(evaluationId, attempt, {
        outcome,
        style_gap_closed: 0.5,
        prompt_following_kept: 0.9,
        diversity_kept: 1,
        step: 50,
        metrics: [
          { name: 'kid@mini-clip', value: kid, better: 'lower' },
          { name: 'clip@mini-clip', value: clip, better: 'higher' },
        ],
      });
      expect((await api.call<StudyBody>('GET', `/v1/studies/${body.id}`)).body.report[index]?.evaluation).toBeNull();
      await trainingJobs.setStatus(id, { from: 'evaluating', to: 'succeeded' });
    }
    const { report, leaders } = (await api.call<StudyBody>('GET', `/v1/studies/${body.id}`)).body;
    expect(report.map(({ evaluation }) => [evaluation?.id, evaluation?.outcome])).toEqual(ids.map((id, i) => [id, values[i]?.outcome]));
    expect(leaders.map(({ metric, value, step, name }) => [metric, value, step, name])).toEqual([
      ['kid@mini-clip', 0.012, 50, 'seed=1'],
      ['clip@mini-clip', 62, 50, 'seed=3'],
    ]);
  });
});
