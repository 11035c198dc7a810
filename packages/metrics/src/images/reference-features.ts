// Features of reference images, computed once for a set, an extractor and its weights, and read by every later job.
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '@styleforge/weights';
import type { EmbedOptions, FeatureExtractor } from '../extractors/feature-extractor.ts';
import type { Features } from '../distances/features.ts';
import type { ImageSet } from './image-set.ts';
import { identityOf } from '../report/metric-block.ts';
import { momentsOf } from '../distances/moments.ts';
import { decodeStatistics, encodeStatistics } from './statistics-file.ts';

/** Storage for statistics: a directory, or an object store behind these two functions. Keys are file names. */
export interface StatisticsCache {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

export interface ReferenceOptions extends EmbedOptions {
  readonly cache?: StatisticsCache;
  /** Called with a stored file that cannot be used and is computed again. */
  readonly onWarning?: (message: string) => void;
}

export interface ReferenceFeatures {
  /** Rows in the order of the images' sorted hashes, so that they do not depend on the order of the list. */
  readonly features: Features;
  /** The index of each row in the given set. */
  readonly order: readonly number[];
  /** SHA-256 of the sorted hashes. */
  readonly setSha256: string;
}

export function directoryCache(directory: string): StatisticsCache {
  return {
    async read(name) {
      try {
        return await readFile(join(directory, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(name, bytes) {
      await mkdir(directory, { recursive: true });
      await writeFileAtomically(join(directory, name), async (handle) => {
        await handle.writeFile(bytes);
      });
    },
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function kept(
  cache: StatisticsCache,
  name: string,
  key: string,
  onWarning: ReferenceOptions['onWarning'],
): Promise<Features | undefined> {
  const bytes = await cache.read(name);
  if (!bytes) return undefined;
  try {
    return decodeStatistics(key, bytes);
  } catch (error) {
    onWarning?.(`the kept features ${name} are computed again: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function make(extractor: FeatureExtractor, set: ImageSet, order: readonly number[], options: ReferenceOptions): Promise<Features> {
  const given = await extractor.embedImages(set.images(), options);
  if (given.count !== order.length) throw new RangeError(`${order.length} images were announced and ${given.count} came`);
  const { dimension } = given;
  const data = new Float32Array(given.data.length);
  order.forEach((from, to) => data.set(given.data.subarray(from * dimension, (from + 1) * dimension), to * dimension));
  const sorted = { data, count: given.count, dimension };
  return sorted.count > dimension ? { ...sorted, moments: await momentsOf(sorted) } : sorted;
}

export async function referenceFeatures(
  extractor: FeatureExtractor,
  set: ImageSet,
  options: ReferenceOptions = {},
): Promise<ReferenceFeatures> {
  const order = set.sha256s
    .map((_, i) => i)
    .sort((a, b) => (set.sha256s[a] < set.sha256s[b] ? -1 : set.sha256s[a] > set.sha256s[b] ? 1 : a - b));
  const sorted = order.map((i) => set.sha256s[i]);
  const key = sha256(JSON.stringify([identityOf(extractor), sorted]));
  const name = `${key}.features`;
  const known = options.cache && (await kept(options.cache, name, key, options.onWarning));
  const features = known ?? (await make(extractor, set, order, options));
  if (!known) await options.cache?.write(name, encodeStatistics(key, features));
  return { features, order, setSha256: sha256(sorted.join('\n')) };
}
