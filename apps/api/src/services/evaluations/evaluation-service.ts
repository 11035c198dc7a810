// Creates evaluations, and reads their reports from the object store.
import { parseStoredReport, tallyVotes } from '@styleforge/contracts';
import type { CreateEvaluationRequest, Report } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { Database, EvaluationRow } from '@styleforge/database';
import { evaluationReportKey } from '@styleforge/storage';
import type { ApiDependencies } from '../../dependencies.ts';
import { ApiError, notFound } from '../../errors/api-error.ts';
import { chooseEvaluatedModel } from './evaluated-models.ts';
import { costOfEvaluation, resolveEvaluation } from './evaluation-settings.ts';
import { withinBudget } from '../operations/work-budget.ts';

type NewEvaluation = { projectId: string; body: CreateEvaluationRequest; reservedUuid: string | undefined };

export async function createEvaluation(
  dependencies: ApiDependencies,
  { projectId, body, reservedUuid }: NewEvaluation,
): Promise<EvaluationRow> {
  const { model: name, ...request } = body;
  const choice = await chooseEvaluatedModel(dependencies, projectId, name);
  if (!choice.ok) throw new ApiError('unknown_model', `/model: ${choice.detail}`, [{ pointer: '/model', detail: choice.detail }]);
  const { model, config: trainingConfig, ...size } = choice.chosen;
  const styleRefDatasetId = trainingConfig?.style_ref.dataset_id ?? null;
  const { comparisons, ...settings } = await resolveEvaluation(dependencies, request, {
    projectId,
    judged: model,
    trains: false,
    size,
    styleRefDatasetId,
    pointer: '',
  });
  const config = { ...settings, models: [model, ...comparisons] };
  const { cost, factors } = costOfEvaluation(config, config.models.length);
  const budget = dependencies.evaluationBudgetPerProject;
  const row = await withinBudget(factors, () =>
    dependencies.database.evaluations.create({ id: newId('evaluation', reservedUuid), projectId, config, cost, budget }),
  );
  if (row === null) throw new ApiError('unusable_dataset', 'The reference dataset of this evaluation has just been deleted.');
  return row;
}

export async function findEvaluation(database: Database, projectId: string, id: string): Promise<EvaluationRow> {
  const row = await database.evaluations.find(projectId, id);
  if (row === null) throw notFound('evaluation', id);
  return row;
}

/** Returns the report with the votes so far. Throws an ApiError if there is no report yet. */
export async function readReport({ database, objectStore }: ApiDependencies, { id, projectId, status }: EvaluationRow): Promise<Report> {
  if (status !== 'succeeded')
    throw new ApiError('status_conflict', `The evaluation ${id} is ${status}: its report exists once it has succeeded.`);
  const stored = parseStoredReport(JSON.parse(Buffer.from(await objectStore.get(evaluationReportKey(projectId, id))).toString()));
  return { ...stored, votes: tallyVotes(await database.evaluationVotes.list(id)) };
}
