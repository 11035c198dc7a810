// Opens a feature extractor by its configuration.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ClipExtractor } from './clip-extractor.ts';
import { ExtractorNotConfiguredError, type ExtractorConfig, type ExtractorName, type FeatureExtractor } from './feature-extractor.ts';
import { InceptionExtractor } from './inception-extractor.ts';

const remedies: Record<ExtractorName, string> = {
  'inception-v3-fid': "give `weights` the path of pt_inception-2015-12-05-6726825d as safetensors",
  'clip': 'give `weights` the path of a CLIP folder in transformers layout, such as openai/clip-vit-base-patch16',
  'mini-clip': 'give `weights` the path of the shipped folder models/mini-clip',
};

/** The weights of CLIP lie in a folder; the hash is that of its weights file. */
async function localWeights({ name, weights }: ExtractorConfig): Promise<{ path: string; file: string }> {
  if (!weights) throw new ExtractorNotConfiguredError(name, remedies[name]);
  if (!('path' in weights)) throw new ExtractorNotConfiguredError(name, `only a local path is supported so far; ${remedies[name]}`);
  const file = name === 'inception-v3-fid' ? weights.path : join(weights.path, 'model.safetensors');
  try {
    await access(file);
  } catch (error) {
    throw new ExtractorNotConfiguredError(name, `there is no ${file}; ${remedies[name]}`, { cause: error });
  }
  if (!file.endsWith('.safetensors')) throw new ExtractorNotConfiguredError(name, `${file} is no .safetensors file; convert it first`);
  return { path: weights.path, file };
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Throws ExtractorNotConfiguredError where the weights are not there: no other extractor takes its place. */
export async function openExtractor(config: ExtractorConfig): Promise<FeatureExtractor> {
  const { path, file } = await localWeights(config);
  const sha256 = await sha256Of(file);
  return config.name === 'inception-v3-fid' ? InceptionExtractor.open(path, sha256, config) : ClipExtractor.open(path, sha256, config);
}
