// Class images that a base model has made, kept for every later job of the project that asks for the same ones.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { TrainingJobRow } from '@styleforge/database';
import { classImagesPrefix, downloadObject } from '@styleforge/storage';
import type { LocalClassImage } from '../processes/messages.ts';
import type { Services } from '../services.ts';

/** Milliseconds between two entries about progress in a job's event log. */
const EVENTS = 10;

export class ClassImageCache {
  readonly #jobId: string;
  readonly #prefix: string;
  readonly #count: number;
  readonly #services: Services<'database' | 'objectStore'>;

  private constructor(jobId: string, prefix: string, count: number, services: Services<'database' | 'objectStore'>) {
    this.#jobId = jobId;
    this.#prefix = prefix;
    this.#count = count;
    this.#services = services;
  }

  /** Null for a job without prior preservation. */
  static async of(
    { id, projectId, config }: TrainingJobRow,
    baseModelDirectory: string,
    services: Services<'database' | 'objectStore'>,
  ): Promise<ClassImageCache | null> {
    if (config.prior_preservation === null) return null;
    const { num_class_images: count, weight: _weight, ...settings } = config.prior_preservation;
    const content = JSON.stringify([
      await digestOf(baseModelDirectory),
      config.hyperparameters.resolution,
      Object.entries(settings).sort(),
    ]);
    const digest = createHash('sha256').update(content).digest('hex');
    return new ClassImageCache(id, classImagesPrefix(projectId, digest), count, services);
  }

  /** Brings what has been made before to `directory`. */
  async restore(directory: string): Promise<number> {
    await mkdir(directory, { recursive: true });
    let restored = 0;
    for await (const { key } of this.#services.objectStore.list(this.#prefix)) {
      if (Number.parseInt(basename(key)) >= this.#count) continue;
      await downloadObject(this.#services.objectStore, key, join(directory, basename(key)));
      restored += 1;
    }
    return restored;
  }

  async save({ index, path }: LocalClassImage): Promise<void> {
    const { objectStore, database } = this.#services;
    await objectStore.put(this.#prefix + basename(path), { file: path });
    const [made, of] = [index + 1, this.#count];
    if (made === of || made % Math.ceil(of / EVENTS) === 0) await database.events.append(this.#jobId, 'class_images.made', { made, of });
  }
}

/** Digest of the names and bytes of everything that the model's images depend on. */
async function digestOf(modelDirectory: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(modelDirectory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const path of paths) {
    hash.update(`${relative(modelDirectory, path)}\n`);
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { end: false });
  }
  return hash.digest('hex');
}
