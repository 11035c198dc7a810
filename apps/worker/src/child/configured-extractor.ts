// Opens a feature extractor with the weights that the settings name.
import { join } from 'node:path';
import { type Config, type ExtractorWeights, loadConfig } from '@styleforge/config';
import { type ExtractorName, type FeatureExtractor, type ObjectReader, openExtractor, type WeightsSource } from '@styleforge/metrics';
import { assertIdentified, createObjectStore, InvalidRangeError, ObjectNotFoundError, type ObjectStore } from '@styleforge/storage';

export interface ConfiguredExtractor {
  readonly name: ExtractorName;
  /** Folder of the shipped extractors. */
  readonly extractorsDirectory: string;
  readonly config?: Pick<Config, 'extractors' | 'objectStore'>;
  readonly signal?: AbortSignal;
}

/** A missing object is null only in a store with an installation id; any other store may be the wrong one, which throws. */
function readerOf(store: ObjectStore, config: Config['objectStore']): ObjectReader {
  return async (key, start) => {
    try {
      return (await store.getStream(key, start > 0 ? { start } : undefined)).body;
    } catch (error) {
      if (error instanceof ObjectNotFoundError) {
        await assertIdentified(store, config);
        return null;
      }
      // every file is already in the folder
      if (error instanceof InvalidRangeError)
        return (async function* () {
          /* nothing is missing */
        })();
      throw error;
    }
  };
}

async function sourceOf(weights: ExtractorWeights | undefined, config: Pick<Config, 'objectStore'>): Promise<WeightsSource | undefined> {
  if (!weights || 'path' in weights || ('url' in weights && 'sha256' in weights)) return weights;
  if ('objectKey' in weights) return { ...weights, readObject: readerOf(await createObjectStore(config.objectStore), config.objectStore) };
  const folder = weights.url.replace(/\/$/, '');
  return { files: Object.fromEntries(Object.entries(weights.files).map(([file, sha256]) => [file, { url: `${folder}/${file}`, sha256 }])) };
}

/** Throws ExtractorNotConfiguredError, which names the settings, if there are no weights. */
export async function openConfiguredExtractor({
  name,
  extractorsDirectory,
  config = loadConfig(),
  signal,
}: ConfiguredExtractor): Promise<FeatureExtractor> {
  const { inception, clip, cacheDirectory } = config.extractors;
  const sources: Record<ExtractorName, () => Promise<WeightsSource | undefined>> = {
    'mini-clip': async () => ({ path: join(extractorsDirectory, name) }),
    clip: () => sourceOf(clip, config),
    'inception-v3-fid': () => sourceOf(inception, config),
    texture: async () => undefined,
  };
  const weights = await sources[name]();
  return openExtractor({ name, ...(weights && { weights }), cacheDirectory, ...(signal && { signal }) });
}
