// Fetches the weights of an extractor to this machine from the configured source.
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadFile, fetchInto, sha256OfFile } from '@styleforge/weights';
import { ExtractorNotConfiguredError, type ExtractorConfig, type WeightedExtractorName, type WeightsSource } from './feature-extractor.ts';

type WeightedConfig = ExtractorConfig<WeightedExtractorName>;

const sources = (setting: string, what: string): string =>
  `set ${setting} to ${what}, or ${setting}_OBJECT to its key in the object store, or ${setting}_URL with`;

const remedies: Record<WeightedExtractorName, string> = {
  'inception-v3-fid':
    `${sources('INCEPTION_WEIGHTS', 'the path of pt_inception-2015-12-05-6726825d (.pth or .safetensors)')} ` + 'INCEPTION_WEIGHTS_SHA256',
  clip:
    `${sources('CLIP_WEIGHTS', 'the path of a CLIP folder in transformers layout, such as openai/clip-vit-base-patch16')} ` +
    'CLIP_WEIGHTS_FILES',
  'mini-clip': 'set BASE_MODELS_DIRECTORY to the folder with the shipped mini-clip, usually models',
};

export interface LocalWeights {
  /** Path of Inception's file or CLIP's folder. */
  readonly path: string;
  readonly sha256: string;
}

/** Required files of a CLIP folder; those of the second list are fetched if they exist. */
const clipFiles = ['config.json', 'preprocessor_config.json', 'model.safetensors'];
const clipTokenizerFiles = ['vocab.json', 'merges.txt', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'];
const weightsFile = 'model.safetensors';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
const isInception = ({ name }: WeightedConfig): boolean => name === 'inception-v3-fid';

function cacheOf({ name, cacheDirectory }: WeightedConfig): string {
  if (!cacheDirectory) throw new ExtractorNotConfiguredError(name, 'a cache directory is needed for downloaded weights');
  return join(cacheDirectory, name);
}

async function inceptionFileIn(folder: string, name: WeightedExtractorName): Promise<string> {
  const found = (await readdir(folder)).filter((file) => /\.(safetensors|pth|pt)$/.test(file));
  if (found.length !== 1)
    throw new ExtractorNotConfiguredError(name, `${folder} contains ${found.length} weight files; set the path of one`);
  return join(folder, found[0]);
}

async function localWeights(path: string, config: WeightedConfig): Promise<string> {
  const file = isInception(config) ? path : join(path, weightsFile);
  try {
    return (await stat(file)).isDirectory() ? await inceptionFileIn(file, config.name) : file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && (error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
    throw new ExtractorNotConfiguredError(config.name, `there is no ${file}; ${remedies[config.name]}`, { cause: error });
  }
}

const lastPart = (address: string): string => address.slice(address.lastIndexOf('/') + 1);

async function downloaded(source: Extract<WeightsSource, { url: string }>, config: WeightedConfig): Promise<string> {
  if (!isInception(config))
    throw new ExtractorNotConfiguredError(config.name, `it is a folder, give each of its files; ${remedies[config.name]}`);
  const file = join(cacheOf(config), source.sha256.toLowerCase(), lastPart(new URL(source.url).pathname));
  await downloadFile(source, file, config);
  return file;
}

async function downloadedFolder({ files }: Extract<WeightsSource, { files: object }>, config: WeightedConfig): Promise<string> {
  const missing = clipFiles.filter((name) => !(name in files));
  if (isInception(config) || missing.length > 0)
    throw new ExtractorNotConfiguredError(config.name, `the download lacks ${missing.join(', ')}; ${remedies[config.name]}`);
  const folder = join(
    cacheOf(config),
    digest(
      JSON.stringify(
        Object.entries(files)
          .map(([name, { sha256 }]) => [name, sha256])
          .sort(),
      ),
    ),
  );
  for (const [name, file] of Object.entries(files)) await downloadFile(file, join(folder, name), config);
  return join(folder, weightsFile);
}

/** Fetches an object; returns whether it exists. */
async function fetchObject(
  key: string,
  target: string,
  { readObject }: Extract<WeightsSource, { objectKey: string }>,
  sha256: string | undefined,
  config: WeightedConfig,
): Promise<boolean> {
  let first = await readObject(key, 0);
  if (!first) return false;
  await fetchInto(
    target,
    async (start) => {
      const body = start === 0 && first ? first : await readObject(key, start);
      first = null;
      if (!body) throw new Error(`the object ${key} disappeared while it was read`);
      return { body, start };
    },
    { sha256, onProgress: config.onProgress, signal: config.signal },
  );
  return true;
}

async function fromObjects(source: Extract<WeightsSource, { objectKey: string }>, config: WeightedConfig): Promise<string> {
  const { objectKey, sha256 } = source;
  const folder = join(cacheOf(config), digest(`${objectKey} ${sha256 ?? ''}`));
  const absent = (key: string) => new ExtractorNotConfiguredError(config.name, `the object store has no ${key}; ${remedies[config.name]}`);
  if (isInception(config)) {
    const file = join(folder, lastPart(objectKey));
    if (!(await fetchObject(objectKey, file, source, sha256, config))) throw absent(objectKey);
    return file;
  }
  for (const name of [...clipFiles, ...clipTokenizerFiles]) {
    const there = await fetchObject(`${objectKey}/${name}`, join(folder, name), source, name === weightsFile ? sha256 : undefined, config);
    if (!there && clipFiles.includes(name)) throw absent(`${objectKey}/${name}`);
  }
  return join(folder, weightsFile);
}

/** Locates the weights. Throws ExtractorNotConfiguredError if they are missing: no other extractor is used instead. */
export async function findWeights(config: WeightedConfig): Promise<LocalWeights> {
  const { weights, name } = config;
  if (!weights) throw new ExtractorNotConfiguredError(name, remedies[name]);
  let file: string;
  if ('path' in weights) file = await localWeights(weights.path, config);
  else if ('files' in weights) file = await downloadedFolder(weights, config);
  else if ('url' in weights) file = await downloaded(weights, config);
  else file = await fromObjects(weights, config);
  if (isInception(config) && !/\.(safetensors|pth|pt)$/.test(file))
    throw new ExtractorNotConfiguredError(name, `${file} is neither .safetensors nor .pth; ${remedies[name]}`);
  return { path: isInception(config) ? file : file.slice(0, -weightsFile.length - 1), sha256: await sha256OfFile(file) };
}
