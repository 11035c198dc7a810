// Creates studies, and compares the results of their jobs.
import { createTrainingJobRequest, isFinishedJob, listVariations, sourceOfField, variedJob } from '@styleforge/contracts';
import type { CreateStudyRequest, ErrorCode, FieldError, JobStatus, StudyBody, StudyRow, StudySummaryBody } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { Database, EvaluationRow, StudyProgress, StudyRecord, TrainingJobRow } from '@styleforge/database';
import type { ApiDependencies } from '../../dependencies.ts';
import { ApiError, refusal } from '../../errors/api-error.ts';
import { REPORTING, fieldErrorsOf } from '../../errors/request-validation.ts';
import { presentNotes } from '../../presenters/annotations.ts';
import { resolveJob } from './training-job-service.ts';

type NewStudy = { projectId: string; body: CreateStudyRequest; reservedUuid: string | undefined };

/** Checks every variation before it creates the first job. */
export async function createStudy(dependencies: ApiDependencies, { projectId, body, reservedUuid }: NewStudy): Promise<StudyRecord> {
  const listed = listVariations(body);
  const variations = [];
  for (const [index, variation] of listed.entries()) {
    /** Converts errors of a variation's job to errors of the study request. */
    const refuse = (code: ErrorCode, fields: FieldError[]) =>
      refusal(
        code,
        fields.map(({ pointer, detail }) => ({ pointer: sourceOfField(body, index, pointer), detail: `${variation.name}: ${detail}` })),
      );
    const parsed = createTrainingJobRequest.safeParse(variedJob(body.job, variation), REPORTING);
    if (!parsed.success) throw refuse('validation_failed', fieldErrorsOf(parsed.error.issues));
    const job = parsed.data;
    const config = await resolveJob(dependencies, projectId, job).catch((error: unknown) => {
      throw error instanceof ApiError && error.fields.length > 0 ? refuse(error.code, error.fields) : error;
    });
    variations.push({
      ...variation,
      config,
      jobName: job.name && `${job.name}, ${variation.name}`.slice(0, 200),
      notes: job.notes,
      metadata: job.metadata,
      priority: job.priority,
      webhookUrl: job.webhook_url,
      webhookEvents: job.webhook_events,
    });
  }
  const { maxQueuedJobsPerProject: maxQueuedJobs } = dependencies;
  const study = await dependencies.database.studies.create({
    id: newId('study', reservedUuid),
    projectId,
    name: body.name,
    variations,
    maxQueuedJobs,
  });
  if (study === null) throw new ApiError('unusable_dataset', 'A dataset of this study has just been deleted.');
  return study;
}

export async function toStudyBody(database: Database, row: StudyRecord): Promise<StudyBody> {
  const jobs = await database.studies.jobs(row.id);
  const ids = jobs.flatMap(({ result }) => result?.evaluation_id ?? []);
  const evaluations = await database.evaluations.listByIds(ids);
  const report = await Promise.all(jobs.map((job) => compare(database, job, evaluations)));
  const [summary] = await toStudySummaries(database, [row]);
  return { ...summary!, report, leaders: leadersOf(report) };
}

export async function toStudySummaries(database: Database, rows: StudyRecord[]): Promise<StudySummaryBody[]> {
  const progress = await database.studies.progress(rows.map(({ id }) => id));
  return rows.map((row) => summarize(row, progress.get(row.id) ?? { jobs: {}, finishedAt: null }));
}

function summarize({ id, name, createdAt, ...notes }: StudyRecord, { jobs, finishedAt }: StudyProgress): StudySummaryBody {
  const finished = (Object.keys(jobs) as JobStatus[]).every(isFinishedJob);
  return {
    id,
    name,
    ...presentNotes(notes),
    status: finished ? 'finished' : 'running',
    jobs,
    created_at: createdAt.toISOString(),
    finished_at: finished ? (finishedAt?.toISOString() ?? null) : null,
  };
}

/** A distance is better when it is lower, any other metric when it is higher. */
function isBetter(metric: string, value: number, than: number): boolean {
  return /^(kid|fid)\b/.test(metric) ? value < than : value > than;
}

type Leader = StudyBody['leaders'][number] & { collapsed: boolean };

/** Scores of one variation: from its evaluation, otherwise the best ones of early stopping. */
function scoresOf({ name, training_job_id, best, evaluation, final_step }: StudyRow): Leader[] {
  const common = { name, training_job_id };
  if (evaluation !== null) {
    const { outcome, metrics, step } = evaluation;
    const collapsed = outcome === 'collapsed';
    return metrics.map(({ name: metric, value }) => ({ ...common, metric, value, step: step ?? final_step ?? 0, collapsed }));
  }
  return best === null ? [] : [{ ...common, ...best, collapsed: false }];
}

/** Leader of a metric. Collapsed models can have good distances, so they lead only if all models have collapsed. */
function leadersOf(report: StudyRow[]): StudyBody['leaders'] {
  const leaders = new Map<string, Leader>();
  for (const score of report.flatMap(scoresOf)) {
    const leader = leaders.get(score.metric);
    const better =
      leader === undefined ||
      (leader.collapsed && !score.collapsed) ||
      (leader.collapsed === score.collapsed && isBetter(score.metric, score.value, leader.value));
    if (better) leaders.set(score.metric, score);
  }
  return [...leaders.values()].map(({ collapsed: _, ...leader }) => leader);
}

async function compare(database: Database, job: TrainingJobRow, evaluations: ReadonlyMap<string, EvaluationRow>): Promise<StudyRow> {
  const evaluation = evaluations.get(job.result?.evaluation_id ?? '');
  const losses = await database.studies.finalLosses(job.id);
  return {
    name: job.variation?.name ?? '',
    changes: job.variation?.changes ?? {},
    training_job_id: job.id,
    status: job.status,
    final_step: job.result?.final_step ?? null,
    checkpoint_id: job.result?.checkpoint_id ?? null,
    style_ref_loss: losses?.style_ref_loss ?? null,
    aux_loss: losses?.aux_loss ?? null,
    best: job.result?.best ?? null,
    evaluation: evaluation?.status === 'succeeded' && evaluation.summary ? { id: evaluation.id, ...evaluation.summary } : null,
    scores: await database.studies.scoredValidations(job.id),
    seconds: job.startedAt && job.finishedAt ? (job.finishedAt.getTime() - job.startedAt.getTime()) / 1000 : null,
  };
}
