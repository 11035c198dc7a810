// Copies a job's images to the local disk, grouped by their role in the training.
import { checkTrainingPictures, selectTrainingPictures, type TrainingConfig } from '@styleforge/contracts';
import type { ImageRow } from '@styleforge/database';
import { JobInputError } from '../errors.ts';
import { fetchImages, fetchMasks } from '../local-copies.ts';
import type { TrainingTask } from '../processes/messages.ts';
import type { Services } from '../services.ts';

type TrainingInputs = Pick<TrainingTask, 'styleRef' | 'aux' | 'reference'>;

/** Throws JobInputError if the job cannot be trained on the current content of its datasets. */
export async function downloadTrainingInputs(
  projectId: string,
  config: TrainingConfig,
  directory: string,
  services: Services<'database' | 'objectStore'>,
): Promise<TrainingInputs> {
  const rowsOf = async (id: string | null | undefined) =>
    (id ? await services.database.images.listForTraining(projectId, id) : []).map((row) => ({ ...row, hasMask: row.maskKey !== null }));
  const datasets = {
    styleRef: await rowsOf(config.style_ref.dataset_id),
    aux: await rowsOf(config.aux?.dataset_id),
    reference: await rowsOf(config.early_stopping?.reference_dataset_id),
  };
  const faults = checkTrainingPictures(config, datasets);
  if (faults[0]) throw new JobInputError(faults.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; '), faults[0].code);
  const selected = selectTrainingPictures(config, datasets);
  const download = async (rows: ImageRow[]) => {
    const images = await fetchImages(rows, directory, services);
    const masks = config.hyperparameters.masked_loss ? await fetchMasks(rows, directory, services) : new Map<string, string>();
    return images.map(({ id, path, fileName, caption }) => ({ path, fileName, caption, maskPath: masks.get(id) ?? null }));
  };
  const styleRef = [];
  for (const {
    component: { name, token, prompt },
    pictures,
  } of selected.styleRef)
    styleRef.push({ component: name, token, prompt, images: await download(pictures) });
  const reference = (await download(selected.reference)).map(({ path }) => path);
  return { styleRef, aux: config.aux && { prompt: config.aux.prompt, images: await download(selected.aux) }, reference };
}
