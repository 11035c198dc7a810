// Distances between sets of images, and the fit of images to their prompts.
export { features, type Features } from './features.ts';
export { frechetDistance } from './fid.ts';
export { fullKernelDistance, kernelDistance, type KidOptions, type KidResult } from './kid.ts';
export { clipScore } from './clip-score.ts';
export {
  ExtractorNotConfiguredError, extractorNames, inceptionTaps, type DownloadedFile, type EmbedOptions, type ExtractorConfig,
  type ExtractorName, type FeatureExtractor, type FetchProgress, type InceptionTap, type ObjectReader, type ResizeRule, type RgbImage,
  type WeightsSource,
} from './feature-extractor.ts';
export { openExtractor } from './open-extractor.ts';
export { NonFiniteFeaturesError } from './embed-in-batches.ts';
export { resizeBytes, resizeClean, resizeLegacy, type Pixels } from './resample.ts';
export { promptUnder, tokenConditions, type BoundComponent, type TokenCondition } from './token-conditions.ts';
export {
  measureTokenDisentanglement, type ComponentPull, type ConditionResult, type DisentanglementOptions, type Estimate, type TokenDisentanglement,
} from './token-disentanglement.ts';
