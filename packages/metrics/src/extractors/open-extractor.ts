// Opens a feature extractor by its configuration.
import { ClipExtractor } from './clip-extractor.ts';
import { findWeights } from './extractor-weights.ts';
import type { ExtractorConfig, FeatureExtractor, WeightedExtractorName } from './feature-extractor.ts';
import { InceptionExtractor } from './inception-extractor.ts';
import { TextureExtractor } from './texture-extractor.ts';

const hasWeights = (config: ExtractorConfig): config is ExtractorConfig<WeightedExtractorName> => config.name !== 'texture';

/** Opens the extractor. Throws ExtractorNotConfiguredError if its weights are missing: no other extractor is used instead. */
export async function openExtractor(config: ExtractorConfig): Promise<FeatureExtractor> {
  if (!hasWeights(config)) return new TextureExtractor();
  const { path, sha256 } = await findWeights(config);
  return config.name === 'inception-v3-fid' ? InceptionExtractor.open(path, sha256, config) : ClipExtractor.open(path, sha256, config);
}
