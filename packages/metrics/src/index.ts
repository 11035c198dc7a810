// Distances between sets of images, and the fit of images to their prompts.
export { features, type Features, type Moments } from './features.ts';
export { frechetDistance } from './fid.ts';
export { fullKernelDistance, kernelDistance, type KidOptions, type KidResult } from './kid.ts';
export { chanceClipScore, clipScore } from './clip-score.ts';
export { MomentsAccumulator, momentsOf } from './moments.ts';
export { clipScoreInterval, fidInterval, kidInterval, type BootstrapOptions } from './bootstrap.ts';
export {
  diversityOf,
  meanPairwiseDistance,
  memorisationOf,
  type Diversity,
  type Memorisation,
  type NearestReference,
} from './neighbours.ts';
export {
  overfittingSigns,
  type OverfittingEvidence,
  type OverfittingSign,
  type OverfittingSignName,
  type ValidationPoint,
} from './overfitting.ts';
export {
  metricName,
  metrics,
  type ExtractorIdentity,
  type Interval,
  type Metric,
  type MetricBlock,
  type MetricValue,
  type MetricWarning,
  type MetricWarningCode,
} from './metric-block.ts';
export { measureImages, promptSetSha256, type MeasurePhase, type MeasureRequest } from './measure.ts';
export { imageArrays, imageFiles, readImages, UnreadableImageError, type ImageSet } from './image-set.ts';
export {
  directoryCache,
  referenceFeatures,
  type ReferenceFeatures,
  type ReferenceOptions,
  type StatisticsCache,
} from './reference-features.ts';
export {
  ExtractorNotConfiguredError,
  type DownloadedFile,
  type EmbedOptions,
  type ExtractorConfig,
  type ExtractorName,
  type FeatureExtractor,
  type FetchProgress,
  type InceptionTap,
  type ObjectReader,
  type ResizeRule,
  type RgbImage,
  type WeightsSource,
} from './feature-extractor.ts';
export { openExtractor } from './open-extractor.ts';
export { NonFiniteFeaturesError } from './embed-in-batches.ts';
export { resizeBytes, resizeClean, resizeLegacy, type Pixels } from './resample.ts';
export { promptUnder, tokenConditions, type BoundComponent, type TokenCondition } from './token-conditions.ts';
export {
  measureTokenDisentanglement,
  type ComponentPull,
  type ConditionResult,
  type DisentanglementOptions,
  type Estimate,
  type TokenDisentanglement,
} from './token-disentanglement.ts';
