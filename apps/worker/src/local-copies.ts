// Copies of stored images and models on the local disk, each file checked against its SHA-256.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageRow } from '@styleforge/database';
import { downloadObject } from '@styleforge/storage';
import { JobInputError } from './errors.ts';
import type { WorkerServices } from './worker.ts';

/** Each image as `<id>.png`, in the order of the rows. Throws DamagedObjectError. */
export async function fetchImages(
  rows: ImageRow[],
  directory: string,
  { objectStore }: Pick<WorkerServices, 'objectStore'>,
): Promise<(ImageRow & { path: string })[]> {
  await mkdir(directory, { recursive: true });
  const fetched = rows.map((row) => ({ ...row, path: join(directory, `${row.id}.png`) }));
  for (const { objectKey, sha256, path } of fetched) await downloadObject(objectStore, objectKey, path, sha256);
  return fetched;
}

/** The diffusers folder of a checkpoint. Throws JobInputError when the checkpoint has been deleted, and DamagedObjectError. */
export async function fetchCheckpointModel(
  { projectId, checkpointId, field }: { projectId: string; checkpointId: string /** What of the request names it. */; field: string },
  directory: string,
  { database, objectStore }: Pick<WorkerServices, 'database' | 'objectStore'>,
): Promise<void> {
  const checkpoint = await database.checkpoints.find(projectId, checkpointId);
  if (!checkpoint) throw new JobInputError(`${field}: the checkpoint ${checkpointId} has been deleted`);
  for (const { path, sha256 } of checkpoint.files) {
    if (isPartOfModel(path)) await downloadObject(objectStore, checkpoint.objectPrefix + path, join(directory, path), sha256);
  }
}

/** Not what only the trainer reads, nor the copy in one file. */
const isPartOfModel = (path: string) => !path.startsWith('trainer_state/') && !path.startsWith('single-file/');
