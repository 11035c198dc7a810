// Runs one export: fetches the checkpoint, makes the file in a child process, stores it, then writes its row.
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isWholeModel } from '@styleforge/contracts';
import type { ExportProgress, Failure } from '@styleforge/contracts';
import { type ExportRow, StaleAttemptError, type TrainingJobRow } from '@styleforge/database';
import type { JobContext, JobOutcome } from '@styleforge/queue';
import { exportKey, exportsPrefix } from '@styleforge/storage';
import { findBaseModel } from '../base-model.ts';
import { JobInputError, JobTimeoutError } from '../errors.ts';
import { type EndReason, holdRow } from '../held-row/hold-row.ts';
import { tryRow } from '../held-row/try-row.ts';
import { fetchCheckpoint } from '../local-copies.ts';
import { runInChild } from '../processes/job-process.ts';
import type { ChildResult, ExportTask } from '../processes/messages.ts';
import { withScratch } from '../scratch.ts';
import type { Services } from '../services.ts';

export type ExportServices = Services<
  | 'database'
  | 'leases'
  | 'objectStore'
  | 'baseModelsDirectory'
  | 'baseModelCacheDirectory'
  | 'scratchDirectory'
  | 'room'
  | 'log'
  | 'metrics'
  | 'tracing'
>;

export async function runExport(exportId: string, context: JobContext, services: ExportServices): Promise<JobOutcome> {
  const row = await services.database.exports.claim(exportId);
  // Already finished, or deleted with its checkpoint, since it was queued.
  if (!row) return 'finished';
  const { attempt, setbacks, checkpointId, format } = row;
  const scoped = { ...services, log: services.log.child({ exportId, checkpointId, attempt }) };
  scoped.log.info({ format }, 'export claimed');
  const tried = {
    ...({ table: 'exports', queue: 'export', id: exportId, attempt, setbacks } as const),
    fail: (error: Failure) => services.database.exports.fail(exportId, attempt, error),
  };
  return tryRow(tried, scoped, () => withScratch(services, exportId, attempt, (scratch) => make(row, { scratch, context }, scoped)));
}

async function make(
  row: ExportRow,
  { scratch, context }: { scratch: string; context: JobContext },
  services: ExportServices,
): Promise<JobOutcome> {
  const { id, attempt } = row;
  const { exports } = services.database;
  let progress: ExportProgress = { phase: 'fetching', done: 0, of: 3 };
  const beat = async () => {
    await exports.updateProgress(id, attempt, progress);
    return null;
  };
  const hold = holdRow({ table: 'exports', id, attempt }, { signal: context.signal, beat }, services);
  try {
    const { job, directory } = await fetchSource(row, scratch, services);
    progress = { phase: 'making', done: 1, of: 3 };
    const task = await taskOf(row, job, { directory, out: join(scratch, 'out') }, services);
    const result = await runInChild(task, { signal: hold.signal, log: services.log, tracing: services.tracing });
    if (result === 'aborted') return afterAbort(row, hold.reason());
    if (!result.exported) throw new Error('the child made no file');
    progress = { phase: 'storing', done: 2, of: 3 };
    await store(row, job.id, result.exported, services);
    return 'finished';
  } finally {
    await hold.end();
  }
}

async function fetchSource({ projectId, checkpointId }: ExportRow, scratch: string, services: ExportServices) {
  const directory = join(scratch, 'checkpoint');
  const { checkpoint } = await fetchCheckpoint({ projectId, checkpointId, field: 'checkpoint' }, directory, services);
  const job = await services.database.trainingJobs.find(projectId, checkpoint.jobId);
  if (!job) throw new JobInputError(`the training job of the checkpoint ${checkpointId} has been deleted`);
  return { job, directory };
}

async function taskOf(
  { format, rank }: ExportRow,
  job: TrainingJobRow,
  folders: Pick<ExportTask, 'directory' | 'out'>,
  services: ExportServices,
): Promise<ExportTask> {
  const adaptation = job.config.adaptation.kind;
  return { kind: 'export', format, rank, adaptation, ...folders, base: await baseOf(job, format, services) };
}

async function store(
  { id, attempt, projectId, checkpointId }: ExportRow,
  jobId: string,
  { path, keptShare }: NonNullable<ChildResult['exported']>,
  { objectStore, database, log }: ExportServices,
): Promise<void> {
  const objectKey = exportKey(exportsPrefix(projectId, jobId, checkpointId), id, attempt, basename(path));
  const { size: sizeBytes, sha256 } = await objectStore.put(objectKey, { file: path });
  await rm(path);
  await database.exports.succeed(id, attempt, { objectKey, sizeBytes, sha256, keptShare });
  log.info({ sizeBytes, keptShare }, 'export made');
}

/** Name of the base model's folder, or null if the export does not need it: a whole model needs it only to compute the change. */
async function baseOf(
  { config, baseModel }: TrainingJobRow,
  format: ExportRow['format'],
  services: ExportServices,
): Promise<string | null> {
  const needsBase = !isWholeModel(config.adaptation.kind) || format.startsWith('lora-');
  return needsBase ? findBaseModel(baseModel, services) : null;
}

function afterAbort({ id, attempt }: ExportRow, reason: EndReason): JobOutcome {
  if (reason === 'shutdown') return 'handed-back';
  if (reason === 'timeout') throw new JobTimeoutError('the export exceeded the time limit of exports');
  throw new StaleAttemptError(`Attempt ${attempt} of export ${id} was taken over by another worker.`);
}
