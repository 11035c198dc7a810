// Opens a feature extractor by its configuration.
import { ClipExtractor } from './clip-extractor.ts';
import { findWeights } from './extractor-weights.ts';
import type { ExtractorConfig, FeatureExtractor, WeightedExtractorName } from './feature-extractor.ts';
import { InceptionExtractor } from './inception-extractor.ts';
import { TextureExtractor } from './texture-extractor.ts';

const hasWeights = (config: ExtractorConfig): config is ExtractorConfig<WeightedExtractorName> => config.name !== 'texture';

/** Throws ExtractorNotConfiguredError where the weights are not there: no other extractor takes its place. */
export async function openExtractor(config: ExtractorConfig): Promise<FeatureExtractor> {
  if (!hasWeights(config)) return new TextureExtractor();
  const { path, sha256 } = await findWeights(config);
  return config.name === 'inception-v3-fid' ? InceptionExtractor.open(path, sha256, config) : ClipExtractor.open(path, sha256, config);
}
