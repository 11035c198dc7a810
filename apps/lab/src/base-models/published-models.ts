// Base models in the object store: every worker fetches missing models from there once.
import { join } from 'node:path';
import { loadConfig } from '@styleforge/config';
import { baseModelName } from '@styleforge/contracts';
import { describeModel, filesBelow } from '@styleforge/model-files';
import { createObjectStore, listPublishedModels, prepareObjectStore, publishBaseModel, withdrawBaseModel } from '@styleforge/storage';

const inMB = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Throws ModelFileError for a folder that jobs could not use. */
export async function publish(name: string): Promise<void> {
  const { baseModelsDirectory } = loadConfig();
  const directory = join(baseModelsDirectory, baseModelName.parse(name));
  await describeModel(directory);
  const store = await openStore();
  const model = await publishBaseModel(store, name, { directory, paths: await filesBelow(directory) }, ({ path, size }, isNew) => {
    process.stderr.write(`${path}: ${inMB(size)}${isNew ? '' : ', already in the store'}\n`);
  });
  process.stdout.write(`${name} is published: every worker of this store can use it (${model.digest.slice(0, 16)})\n`);
}

export async function showPublished(): Promise<void> {
  for (const { name, files, digest } of await listPublishedModels(await openStore())) {
    const size = files.reduce((sum, file) => sum + file.size, 0);
    process.stdout.write(`${name}  ${inMB(size)}  ${digest.slice(0, 16)}\n`);
  }
}

export async function withdraw(name: string): Promise<void> {
  if (!(await withdrawBaseModel(await openStore(), baseModelName.parse(name))))
    throw new Error(`the object store has no base model ${name}`);
  process.stdout.write(`${name} is withdrawn\n`);
}

async function openStore() {
  const { objectStore } = loadConfig();
  await prepareObjectStore(objectStore);
  return createObjectStore(objectStore);
}
