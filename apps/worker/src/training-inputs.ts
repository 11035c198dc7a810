// Brings a job's images to the local disk, sorted by what they train.
import { ALL_IMAGES, type TrainingConfig } from '@styleforge/contracts';
import type { ImageRow } from '@styleforge/database';
import { JobInputError } from './failures.ts';
import { fetchImages } from './local-copies.ts';
import type { TrainingTask } from './messages.ts';
import type { WorkerServices } from './worker.ts';

type TrainingInputs = Pick<TrainingTask, 'styleRef' | 'aux' | 'reference'>;

/** Of so many StyleRef images one is held out of the training where KID has no other reference. */
const HELD_OUT_OF = 5;

export async function downloadTrainingInputs(
  projectId: string,
  config: TrainingConfig,
  directory: string,
  services: WorkerServices,
): Promise<TrainingInputs> {
  const styleRefRows = mixOf(await services.database.images.listByDataset(projectId, config.style_ref.dataset_id), config.style_ref.mix);
  const styleRef = [];
  const stopping = config.early_stopping?.metric === 'kid' ? config.early_stopping : null;
  const holdsOut = stopping !== null && stopping.reference_dataset_id === null;
  const heldOut: ImageRow[] = [];
  for (const { name, token, prompt } of config.style_ref.components) {
    const rows = name === ALL_IMAGES ? styleRefRows : styleRefRows.filter(({ component }) => component === name);
    if (rows.length === 0) {
      throw new JobInputError(`style_ref: the dataset ${config.style_ref.dataset_id} has no image of the component ${name}; upload some with that component`);
    }
    const trained = holdsOut ? rows.filter((_, index) => (index + 1) % HELD_OUT_OF !== 0) : rows;
    heldOut.push(...rows.filter((row) => !trained.includes(row)));
    styleRef.push({ component: name, token, prompt, images: await download(trained, directory, services) });
  }
  if (stopping?.reference_dataset_id) heldOut.push(...(await services.database.images.listByDataset(projectId, stopping.reference_dataset_id)));
  if (stopping && heldOut.length < 2) {
    throw new JobInputError('early_stopping: kid needs two reference images or more: name a reference_dataset_id, or upload ten StyleRef images of a component');
  }
  const reference = (await download(heldOut, directory, services)).map(({ path }) => path);
  return { styleRef, aux: config.aux && (await downloadAux(projectId, config.aux, directory, services)), reference };
}

/** The first images of each component, as many as the job asks for. */
function mixOf(rows: ImageRow[], mix: TrainingConfig['style_ref']['mix']): ImageRow[] {
  if (mix === undefined) return rows;
  const kept = new Set<ImageRow>();
  for (const [name, count] of Object.entries(mix)) {
    const ofComponent = name === ALL_IMAGES ? rows : rows.filter(({ component }) => component === name);
    if (ofComponent.length < count) {
      throw new JobInputError(`style_ref.mix asks for ${count} images of ${name}, the dataset has ${ofComponent.length}; upload more or ask for fewer`);
    }
    for (const row of ofComponent.slice(0, count)) kept.add(row);
  }
  return rows.filter((row) => kept.has(row));
}

async function downloadAux(projectId: string, aux: NonNullable<TrainingConfig['aux']>, directory: string, services: WorkerServices) {
  const rows = await services.database.images.listByDataset(projectId, aux.dataset_id);
  if (rows.length === 0) throw new JobInputError(`aux: the dataset ${aux.dataset_id} has no images; upload some`);
  return { prompt: aux.prompt, images: await download(rows, directory, services) };
}

async function download(rows: ImageRow[], directory: string, services: WorkerServices): Promise<TrainingTask['styleRef'][number]['images']> {
  return (await fetchImages(rows, directory, services)).map(({ path, fileName, caption }) => ({ path, fileName, caption }));
}
