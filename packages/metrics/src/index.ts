// Distances between sets of images, and how well images match their prompts.
export { features, type Features, type Moments } from './distances/features.ts';
export { frechetDistance } from './distances/fid.ts';
export { fullKernelDistance, kernelDistance, type KidOptions, type KidResult } from './distances/kid.ts';
export { chanceClipScore, clipScore, cosines } from './distances/clip-score.ts';
export { MomentsAccumulator, momentsOf } from './distances/moments.ts';
export { clipScoreInterval, fidInterval, kidInterval, type BootstrapOptions } from './distances/bootstrap.ts';
export {
  diversityOf,
  meanPairwiseDistance,
  memorisationOf,
  type Diversity,
  type Memorisation,
  type NearestReference,
} from './distances/neighbors.ts';
export {
  overfittingSigns,
  type OverfittingEvidence,
  type OverfittingSign,
  type OverfittingSignName,
  type ValidationPoint,
} from './report/overfitting.ts';
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
} from './report/metric-block.ts';
export { measureImages, promptSetSha256, type MeasurePhase, type MeasureRequest } from './report/measure.ts';
export { imageArrays, imageFiles, readImages, UnreadableImageError, type ImageSet } from './images/image-set.ts';
export {
  directoryCache,
  referenceFeatures,
  type ReferenceFeatures,
  type ReferenceOptions,
  type StatisticsCache,
} from './images/reference-features.ts';
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
} from './extractors/feature-extractor.ts';
export { textureStatistics } from './extractors/texture/texture-statistics.ts';
export { openExtractor } from './extractors/open-extractor.ts';
export { NonFiniteFeaturesError } from './extractors/embed-in-batches.ts';
export { resizeBytes, resizeClean, resizeLegacy, type Pixels } from './extractors/resample.ts';
export { promptUnder, tokenConditions, type BoundComponent, type TokenCondition } from './report/token-conditions.ts';
export {
  measureTokenDisentanglement,
  type ComponentPull,
  type ConditionResult,
  type DisentanglementOptions,
  type Estimate,
  type TokenDisentanglement,
} from './report/token-disentanglement.ts';
