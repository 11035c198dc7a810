// Finds a base model's folder.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { baseModelName } from '@styleforge/contracts';
import { JobInputError } from './errors.ts';

export function baseModelDirectory(baseModelsDirectory: string, name: string): string {
  const directory = join(baseModelsDirectory, baseModelName.parse(name));
  if (!existsSync(join(directory, 'model_index.json'))) {
    throw new JobInputError(`base_model: this worker has no base model ${name}; GET /v1/base-models lists those that can be used`);
  }
  return directory;
}
