// Finds a base model's folder: on this machine, or in the object store, from which it is fetched once.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { baseModelName } from '@styleforge/contracts';
import { fetchPublishedModel, findPublishedModel } from '@styleforge/storage';
import { JobInputError } from './errors.ts';
import type { Services } from './services.ts';

type BaseModelServices = Services<'baseModelsDirectory' | 'baseModelCacheDirectory' | 'objectStore' | 'log'>;

/** A folder on this machine has priority over a published model of the same name. Throws JobInputError and DamagedObjectError. */
export async function findBaseModel(name: string, services: BaseModelServices): Promise<string> {
  const directory = join(services.baseModelsDirectory, baseModelName.parse(name));
  if (existsSync(join(directory, 'model_index.json'))) return directory;
  const published = await findPublishedModel(services.objectStore, name);
  if (published === null) {
    throw new JobInputError(`base_model: this worker has no base model ${name}; GET /v1/base-models lists the usable ones`);
  }
  services.log.info({ baseModel: name, digest: published.digest }, 'using the base model from the object store');
  return fetchPublishedModel(services.objectStore, published, services.baseModelCacheDirectory, 'whole');
}
