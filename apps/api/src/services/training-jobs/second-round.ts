// StyleDrop's second round: the chosen candidates become a dataset, which the new job trains on like any other.
import { buffer } from 'node:stream/consumers';
import { METHOD_BINDINGS } from '@styleforge/contracts';
import type { CheckTrainingJobRequest, CreateTrainingJobRequest, SelectionSettings, TrainableJobRequest } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { ImageRow } from '@styleforge/database';
import { datasetImageKey, datasetPrefix } from '@styleforge/storage';
import type { ApiDependencies } from '../../dependencies.ts';
import { ApiError, refusal } from '../../errors/api-error.ts';
import { chooseCandidates, findCandidates } from './candidates.ts';
import type { Candidate, CandidatePool } from './candidates.ts';

type Body = CreateTrainingJobRequest | CheckTrainingJobRequest;

interface SecondRound {
  pool: CandidatePool;
  chosen: Candidate[];
  selection: SelectionSettings;
}

/** Training data of the second round; null for any other request. Throws an ApiError if there is nothing to train on. */
export async function findSecondRound(dependencies: ApiDependencies, projectId: string, body: Body): Promise<SecondRound | null> {
  const { styledrop, method, style_ref, base_model } = body;
  if (!METHOD_BINDINGS[method].hasRounds || styledrop?.round !== 2 || !styledrop.parent_job_id || !styledrop.selection) return null;
  if (style_ref !== undefined)
    throw refusal('validation_failed', [
      { pointer: '/style_ref', detail: 'applies to round 1 only: round 2 trains on the chosen candidates' },
    ]);
  const pool = await findCandidates(dependencies, projectId, styledrop.parent_job_id).catch((error: unknown) => {
    if (!(error instanceof ApiError)) throw error;
    throw refusal('validation_failed', [{ pointer: '/styledrop/parent_job_id', detail: error.message }]);
  });
  if (pool.job.baseModel !== base_model)
    throw refusal('validation_failed', [
      { pointer: '/base_model', detail: `is ${base_model}; the first round was trained on ${pool.job.baseModel}, and so is the second` },
    ]);
  const selection = { per_prompt: 1, seed: 0, include_reference: false, ...styledrop.selection };
  return { pool, chosen: chooseCandidates(pool, selection), selection };
}

/** Adds the descriptor of the first round and the dataset to the request. */
export function withDataset<Request extends Body>(body: Request, { pool }: SecondRound, datasetId: string): Request & TrainableJobRequest {
  const style = body.styledrop?.style ?? pool.job.config.styledrop!.style;
  return { ...body, style_ref: { dataset_id: datasetId }, styledrop: { ...body.styledrop, style } } as Request & TrainableJobRequest;
}

/** Derives the dataset's id from the request, so that a repeated request gives the same dataset. */
export async function makeDataset(
  dependencies: ApiDependencies,
  projectId: string,
  { pool, chosen, selection }: SecondRound,
  reservedUuid: string | undefined,
): Promise<string> {
  const { database } = dependencies;
  const id = newId('dataset', reservedUuid);
  const before = await database.datasets.find(projectId, id);
  if (before === null)
    await database.datasets.create(projectId, {
      id,
      name: `Chosen from ${(pool.job.name ?? pool.job.id).slice(0, 180)}`,
      kind: 'style_ref',
    });
  const references = selection.include_reference
    ? await database.images.listForTraining(projectId, pool.job.config.style_ref.dataset_id)
    : [];
  for (const row of references) await copyImage(dependencies, id, { ...row, component: null });
  for (const { row, subject } of chosen)
    await copyImage(dependencies, id, { ...row, caption: subject, component: null, fileName: `candidate-${row.index}.png` });
  return id;
}

/** Deletes the dataset of a round that was not queued, unless a job uses it. */
export async function removeDataset({ database, objectStore }: ApiDependencies, projectId: string, id: string): Promise<void> {
  const outcome = await database.datasets.delete(projectId, id);
  if (outcome.kind === 'deleted') await objectStore.deletePrefix(datasetPrefix(projectId, id));
}

type Copied = Pick<ImageRow, 'projectId' | 'objectKey' | 'caption' | 'component' | 'fileName' | 'width' | 'height'>;

/** Stores the file before the row; an image that the dataset already has is not changed. */
async function copyImage({ database, objectStore }: ApiDependencies, datasetId: string, image: Copied): Promise<void> {
  const { projectId, caption, component, fileName, width, height } = image;
  const id = newId('image');
  const objectKey = datasetImageKey(projectId, datasetId, id);
  const bytes = await buffer((await objectStore.getStream(image.objectKey)).body);
  const { size: sizeBytes, sha256 } = await objectStore.put(objectKey, bytes, { contentType: 'image/png' });
  const row = await database.images.add(
    { id, projectId, datasetId, objectKey, sizeBytes, sha256, caption, component, fileName, width, height },
    Number.MAX_SAFE_INTEGER,
  );
  if (typeof row === 'string') await objectStore.delete(objectKey);
}
