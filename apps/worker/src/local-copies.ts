// Copies of stored images and models on the local disk, each file checked against its SHA-256.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { baseModelName, INSTALLED_ADAPTER_FILE, installedAdapter } from '@styleforge/contracts';
import type { ImageRow } from '@styleforge/database';
import { downloadObject } from '@styleforge/storage';
import { ADAPTATION_FILE, adapterFiles, type AppliedAdapter, joinWithBase, writeAdaptedModel } from '@styleforge/weights';
import { findBaseModel } from './base-model.ts';
import { JobInputError } from './errors.ts';
import type { Services } from './services.ts';

/** Copies each image to `<id>.png` and returns the paths in the order of the rows. Throws DamagedObjectError. */
export async function fetchImages(
  rows: ImageRow[],
  directory: string,
  { objectStore }: Services<'objectStore'>,
): Promise<(ImageRow & { path: string })[]> {
  await mkdir(directory, { recursive: true });
  const fetched = rows.map((row) => ({ ...row, path: join(directory, `${row.id}.png`) }));
  for (const { objectKey, sha256, path } of fetched) await downloadObject(objectStore, objectKey, path, sha256);
  return fetched;
}

/** The masks of those images that have one, as `<id>.mask.png`: map from the image's id to the path. Throws DamagedObjectError. */
export async function fetchMasks(
  rows: ImageRow[],
  directory: string,
  { objectStore }: Services<'objectStore'>,
): Promise<Map<string, string>> {
  const fetched = new Map<string, string>();
  for (const { id, maskKey, maskSha256 } of rows) {
    if (maskKey === null || maskSha256 === null) continue;
    const path = join(directory, `${id}.mask.png`);
    await downloadObject(objectStore, maskKey, path, maskSha256);
    fetched.set(id, path);
  }
  return fetched;
}

interface WantedCheckpoint {
  projectId: string;
  checkpointId: string;
  /** Field of the request that names it, for errors. */
  field: string;
}

type CheckpointServices = Services<'database' | 'objectStore' | 'baseModelsDirectory' | 'baseModelCacheDirectory' | 'log'>;

/**
 * A model folder of a checkpoint; that of an adapter refers to its base model. Throws JobInputError when the checkpoint has been deleted,
 * and DamagedObjectError.
 */
export async function fetchCheckpointModel(wanted: WantedCheckpoint, directory: string, services: CheckpointServices): Promise<void> {
  const { checkpoint, isAdapter } = await fetchCheckpoint(wanted, directory, services);
  if (!isAdapter) return;
  const job = await services.database.trainingJobs.find(wanted.projectId, checkpoint.jobId);
  if (!job) throw new JobInputError(`${wanted.field}: the training job of the checkpoint ${wanted.checkpointId} has been deleted`);
  await joinWithBase(directory, await findBaseModel(job.baseModel, services));
}

/** Copies a checkpoint's own files, without those that only the trainer reads. */
export async function fetchCheckpoint(
  { projectId, checkpointId, field }: WantedCheckpoint,
  directory: string,
  services: CheckpointServices,
) {
  const { database, objectStore } = services;
  const checkpoint = await database.checkpoints.find(projectId, checkpointId);
  if (!checkpoint) throw new JobInputError(`${field}: the checkpoint ${checkpointId} has been deleted`);
  for (const { path, sha256 } of checkpoint.files) {
    if (isPartOfModel(path)) await downloadObject(objectStore, checkpoint.objectPrefix + path, join(directory, path), sha256);
  }
  return { checkpoint, isAdapter: checkpoint.files.some(({ path }) => path === ADAPTATION_FILE) };
}

/** Makes `directory` the model of `base` with adapters on top of it, each with its strength. */
export async function fetchAdapters(
  base: string,
  adapters: readonly { model: string; checkpoint_id: string | null; version_id: string | null; strength: number }[],
  { projectId, directory }: { projectId: string; directory: string },
  services: CheckpointServices,
): Promise<void> {
  const applied: AppliedAdapter[] = [];
  for (const [index, { model, checkpoint_id: checkpointId, version_id: versionId, strength }] of adapters.entries()) {
    if (checkpointId === null && versionId === null) {
      applied.push({ ...(await findInstalled(model, `adapters/${index}`, services)), strength });
      continue;
    }
    if (checkpointId === null) {
      applied.push({ ...(await fetchUploaded(projectId, { versionId, field: `adapters/${index}` }, directory, services)), strength });
      continue;
    }
    const own = join(directory, `adapter-${index}`);
    const { isAdapter } = await fetchCheckpoint({ projectId, checkpointId, field: `adapters/${index}` }, own, services);
    if (!isAdapter) throw new JobInputError(`adapters/${index}: the checkpoint ${checkpointId} is a whole model, not an adapter`);
    for (const path of await adapterFiles(own)) applied.push({ path, strength });
  }
  await writeAdaptedModel(directory, { base, adapters: applied });
}

/** Returns the file of an adapter that an operator has installed on this machine, and the word of an embedding. */
async function findInstalled(
  name: string,
  field: string,
  { baseModelsDirectory }: Pick<CheckpointServices, 'baseModelsDirectory'>,
): Promise<Omit<AppliedAdapter, 'strength'>> {
  const folder = join(baseModelsDirectory, baseModelName.parse(name));
  const described = join(folder, INSTALLED_ADAPTER_FILE);
  if (!existsSync(described))
    throw new JobInputError(
      `${field}: this worker has no adapter ${name} in BASE_MODELS_DIRECTORY; install it there as on the API's machine`,
    );
  const { file, tokens } = installedAdapter.parse(JSON.parse(await readFile(described, 'utf8')));
  return { path: join(folder, basename(file)), token: tokens[0] };
}

/** Fetches the file of an uploaded adapter; also returns the word of an embedding. */
async function fetchUploaded(
  projectId: string,
  { versionId, field }: { versionId: string | null; field: string },
  directory: string,
  { database, objectStore }: CheckpointServices,
): Promise<Omit<AppliedAdapter, 'strength'>> {
  const version = versionId === null ? null : await database.models.findVersionById(projectId, versionId);
  if (version === null || version.objectKey === null || version.sha256 === null)
    throw new JobInputError(`${field}: the uploaded adapter has been deleted`);
  const path = join(directory, version.id, `adapter_model${extname(version.objectKey)}`);
  await downloadObject(objectStore, version.objectKey, path, version.sha256);
  const { upload } = version.provenance;
  // peft's file names: readers look for the configuration next to a file of this name.
  if (upload?.peft) await writeFile(join(directory, version.id, 'adapter_config.json'), JSON.stringify(upload.peft));
  return { path, token: version.provenance.tokens[0]?.token };
}

/** Excludes files that only the trainer reads, and copies in other layouts. */
const isPartOfModel = (path: string) => !/^(trainer_state|single-file|kohya|merged|lora)\//.test(path);
