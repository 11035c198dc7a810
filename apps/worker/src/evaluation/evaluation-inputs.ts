// Copies the inputs of an evaluation to the local disk: models, reference images, and images that were generated before.
import { join } from 'node:path';
import { ALL_IMAGES, counted, type EvaluatedModel, type TrainingConfig } from '@styleforge/contracts';
import type { EvaluationRow, ImageRow, TrainingJobRow } from '@styleforge/database';
import { downloadObject } from '@styleforge/storage';
import { findBaseModel } from '../base-model.ts';
import { JobInputError } from '../errors.ts';
import { fetchAdapters, fetchCheckpointModel, fetchImages } from '../local-copies.ts';
import type { TrainingTask } from '../processes/messages.ts';
import type { Services } from '../services.ts';

export type InputServices = Services<'database' | 'objectStore' | 'baseModelsDirectory' | 'baseModelCacheDirectory' | 'log'>;

/** Number of reference images for each component, enough to distinguish it from the others. */
const TOKEN_REFERENCES = 20;

export const drawnImageFile = (directory: string, model: number, index: number) => join(directory, String(model), `${index}.png`);

/** The model's folder: that of a base model, or `directory` with a downloaded checkpoint or adapter. */
export async function fetchModel(projectId: string, model: EvaluatedModel, directory: string, services: InputServices): Promise<string> {
  if (model.checkpoint_id === null) {
    const base = await findBaseModel(model.base_model, services);
    if (model.adapter === null) return base;
    const adapter = { ...model.adapter, checkpoint_id: null, strength: 1 };
    await fetchAdapters(base, [adapter], { projectId, directory }, services);
    return directory;
  }
  await fetchCheckpointModel({ projectId, checkpointId: model.checkpoint_id, field: model.name }, directory, services);
  return directory;
}

export async function fetchReference(
  { projectId, config }: EvaluationRow,
  directory: string,
  services: InputServices,
): Promise<(ImageRow & { path: string })[]> {
  if (config.reference_dataset_id === null) return [];
  const rows = await services.database.images.listByDataset(projectId, config.reference_dataset_id);
  const least = config.metrics.includes('fid') || config.metrics.includes('kid') ? 2 : 0;
  if (rows.length < least) {
    throw new JobInputError(
      `reference_dataset_id: the dataset ${config.reference_dataset_id} has ${counted(rows.length, 'image')} left; ` +
        'fid and kid need two or more',
    );
  }
  return fetchImages(rows, directory, services);
}

/** Training data of the first model, if it still exists. */
export async function fetchStyleRef(
  projectId: string,
  job: TrainingJobRow | null,
  directory: string,
  services: InputServices,
): Promise<(ImageRow & { path: string })[]> {
  const rows = job === null ? [] : await services.database.images.listByDataset(projectId, job.config.style_ref.dataset_id);
  return fetchImages(rows, directory, services);
}

/** Fetches the images that an earlier attempt has generated. */
export async function fetchDrawn({ id }: EvaluationRow, directory: string, services: InputServices): Promise<number> {
  const rows = await services.database.evaluations.listImages(id);
  for (const { model, index, objectKey, sha256 } of rows)
    await downloadObject(services.objectStore, objectKey, drawnImageFile(directory, model, index), sha256);
  return rows.length;
}

/** StyleRef images of each component, if the model has several tokens to distinguish. */
export async function fetchComponents(
  projectId: string,
  config: TrainingConfig,
  directory: string,
  services: InputServices,
): Promise<TrainingTask['styleRef'] | null> {
  const { components, dataset_id } = config.style_ref;
  if (components.length < 2) return null;
  const rows = await services.database.images.listByDataset(projectId, dataset_id);
  const parts = components.map((part) => ({
    ...part,
    rows: rows.filter(({ component }) => part.name === ALL_IMAGES || component === part.name).slice(0, TOKEN_REFERENCES),
  }));
  // The dataset or its images have been deleted since then.
  if (parts.some(({ rows: own }) => own.length < 2)) return null;
  const found: TrainingTask['styleRef'] = [];
  for (const { name, token, prompt, rows: own } of parts) {
    found.push({
      component: name,
      token,
      prompt,
      images: (await fetchImages(own, directory, services)).map(({ path, fileName }) => ({
        path,
        fileName,
        caption: null,
        maskPath: null,
      })),
    });
  }
  return found;
}
