// Where the weights of the feature extractors are: a path, a URL with the SHA-256 of the file, or a key of the object store.
import { join, resolve } from 'node:path';
import { z } from 'zod';

const address = z
  .string()
  .refine(
    (value) => URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol),
    'must be a URL starting with http:// or https://',
  );
const sha256Pattern = /^[0-9a-f]{64}$/;
const sha256 = z.string().toLowerCase().regex(sha256Pattern, 'must be 64 hexadecimal digits');

/** `config.json=<sha256>,model.safetensors=<sha256>` */
const pinnedFiles = z.string().transform((text, context) => {
  const found: Record<string, string> = {};
  for (const entry of text.split(',').map((part) => part.trim())) {
    const [name, hash = ''] = entry.split('=');
    if (!/^[\w.-]+$/.test(name) || !sha256Pattern.test(hash.toLowerCase())) {
      context.addIssue({
        code: 'custom',
        message: `${JSON.stringify(entry)} is not valid: write each file as name=sha256, separated by commas`,
      });
      return z.NEVER;
    }
    found[name] = hash.toLowerCase();
  }
  return found;
});

export const extractorEnvironment = {
  INCEPTION_WEIGHTS: z
    .string()
    .optional()
    .describe(
      'Path of the Inception weights, which FID requires: `pt_inception-2015-12-05-6726825d` as `.pth` or ' +
        '`.safetensors`. Set this, the URL, or the object key. Default: evaluations cannot use Inception',
    ),
  INCEPTION_WEIGHTS_URL: address
    .optional()
    .describe('URL from which a worker downloads the Inception weights when it first needs them. Requires `INCEPTION_WEIGHTS_SHA256`'),
  INCEPTION_WEIGHTS_SHA256: sha256.optional().describe('SHA-256 of the Inception weights. A file with another hash is refused'),
  INCEPTION_WEIGHTS_OBJECT: z.string().optional().describe('Key of the Inception weights in the object store'),
  CLIP_WEIGHTS: z
    .string()
    .optional()
    .describe(
      'Folder of the CLIP model for CLIP scores: `config.json`, `preprocessor_config.json`, `model.safetensors` and ' +
        'the files of its tokenizer. Set this, the URL, or the object key. Default: evaluations cannot use this model',
    ),
  CLIP_WEIGHTS_URL: address
    .optional()
    .describe('URL of the folder from which a worker downloads the CLIP model when it first needs it. Requires `CLIP_WEIGHTS_FILES`'),
  CLIP_WEIGHTS_FILES: pinnedFiles.optional().describe('Files of the CLIP folder with their SHA-256, as `name=sha256`, separated by commas'),
  CLIP_WEIGHTS_OBJECT: z.string().optional().describe('Key prefix of the CLIP folder in the object store'),
  CLIP_WEIGHTS_SHA256: sha256.optional().describe('SHA-256 of `model.safetensors`. A file with another hash is refused'),
  EXTRACTOR_CACHE_DIRECTORY: z
    .string()
    .optional()
    .describe('Folder in which a worker keeps downloaded weights of Inception and CLIP. Default: `extractors` in `DATA_DIRECTORY`'),
  METRICS_PYTHON: z
    .string()
    .optional()
    .describe('Python interpreter with the reference implementations that `npm run bench` compares with. The service does not use it'),
};

type ExtractorEnvironment = z.infer<z.ZodObject<typeof extractorEnvironment>>;

export type ExtractorWeights =
  | { path: string }
  | { url: string; sha256: string }
  /** A folder: its URL, and the SHA-256 of each of its files. */
  | { url: string; files: Record<string, string> }
  | { objectKey: string; sha256?: string };

export interface ExtractorSettings {
  /** Weights of Inception. Absent: the extractor cannot be used. */
  inception?: ExtractorWeights;
  clip?: ExtractorWeights;
  /** Folder for downloaded weights. */
  cacheDirectory: string;
  /** A Python with torch-fidelity or clean-fid, for `npm run bench -- metrics`. */
  python?: string;
}

/** Describes how the settings contradict each other; undefined if they do not. */
function problemOf(settings: ExtractorEnvironment, name: 'INCEPTION' | 'CLIP'): string | undefined {
  const pin = name === 'INCEPTION' ? 'INCEPTION_WEIGHTS_SHA256' : 'CLIP_WEIGHTS_FILES';
  const given = ([`${name}_WEIGHTS`, `${name}_WEIGHTS_URL`, `${name}_WEIGHTS_OBJECT`] as const).filter((key) => settings[key]);
  if (given.length > 1) return `${given.join(', ')}: set one of them`;
  if (settings[`${name}_WEIGHTS_URL`] && !settings[pin]) return `${pin}: is required for a download, so that the file can be checked`;
  return undefined;
}

function weightsOf(settings: ExtractorEnvironment, name: 'INCEPTION' | 'CLIP'): ExtractorWeights | undefined {
  const [path, url, objectKey, hash] = [
    settings[`${name}_WEIGHTS`],
    settings[`${name}_WEIGHTS_URL`],
    settings[`${name}_WEIGHTS_OBJECT`],
    settings[`${name}_WEIGHTS_SHA256`],
  ];
  if (path) return { path: resolve(path) };
  if (url) return name === 'CLIP' ? { url, files: settings.CLIP_WEIGHTS_FILES! } : { url, sha256: hash! };
  return objectKey ? { objectKey, ...(hash && { sha256: hash }) } : undefined;
}

/** Returns a description of the problem if the settings contradict each other. */
export function extractorSettingsOf(settings: ExtractorEnvironment, dataDirectory: string): ExtractorSettings | string {
  const problem = problemOf(settings, 'INCEPTION') ?? problemOf(settings, 'CLIP');
  if (problem) return problem;
  const [inception, clip] = [weightsOf(settings, 'INCEPTION'), weightsOf(settings, 'CLIP')];
  return {
    ...(inception && { inception }),
    ...(clip && { clip }),
    cacheDirectory: resolve(settings.EXTRACTOR_CACHE_DIRECTORY ?? join(dataDirectory, 'extractors')),
    ...(settings.METRICS_PYTHON && { python: settings.METRICS_PYTHON }),
  };
}

function variablesOf(name: 'INCEPTION' | 'CLIP', weights: ExtractorWeights | undefined): Record<string, string | undefined> {
  const url = weights && 'url' in weights ? weights : undefined;
  const pinned = weights && 'sha256' in weights ? weights.sha256 : undefined;
  return {
    [`${name}_WEIGHTS`]: weights && 'path' in weights ? weights.path : undefined,
    [`${name}_WEIGHTS_URL`]: url?.url,
    [`${name}_WEIGHTS_SHA256`]: pinned,
    [`${name}_WEIGHTS_OBJECT`]: weights && 'objectKey' in weights ? weights.objectKey : undefined,
    ...(name === 'CLIP' && {
      CLIP_WEIGHTS_FILES:
        url && 'files' in url
          ? Object.entries(url.files)
              .map(([file, hash]) => `${file}=${hash}`)
              .join()
          : undefined,
    }),
  };
}

export function extractorEnvironmentOf({ inception, clip, cacheDirectory, python }: ExtractorSettings): Record<string, string | undefined> {
  return {
    ...variablesOf('INCEPTION', inception),
    ...variablesOf('CLIP', clip),
    EXTRACTOR_CACHE_DIRECTORY: cacheDirectory,
    METRICS_PYTHON: python,
  };
}
