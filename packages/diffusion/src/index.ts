// Diffusion models, and pipelines that combine them with schedules and tokenizers. Re-exports the names of model-files that they use.
export {
  CLIPTokenizer,
  ConfigError,
  createSampler,
  DDPMScheduler,
  isSamplerName,
  parseAutoencoderKLConfig,
  parseCLIPConfig,
  parseCLIPTextConfig,
  parseUNet2DConditionConfig,
  samplerNames,
  type AutoencoderKLConfig,
  type CLIPConfig,
  type CLIPTextConfig,
  type CLIPVisionConfig,
  type PredictionType,
  type Sampler,
  type SamplerName,
  type SchedulerConfig,
  type UNet2DConditionConfig,
} from '@styleforge/model-files';
export { permutation, randomIntegers, randomNormals, randomUniforms, type RandomKey } from './random.ts';
export { adaptModels, type AdaptedLayer, type ModelAdapter } from './nn/scope.ts';
export { timestepEmbedding, type TimestepEmbeddingConfig } from './nn/timestep-embedding.ts';
export { AutoencoderKL, type Posterior } from './models/autoencoder-kl.ts';
export { CLIPModel, type CLIPTextInputs } from './models/clip.ts';
export { CLIPTextModel, endOfTextIndices } from './models/clip-text.ts';
export { UNet2DConditionModel, type UNet2DConditionInputs } from './models/unet-2d-condition.ts';
export {
  conditionShapes,
  wholeImage,
  type DenoiserInputs,
  type DiffusionModel,
  type Feeds,
  type ImageGeometry,
  type Tensors,
  type TextEncoder,
} from './families/family.ts';
export { modelOf, type ComponentConfigs } from './families/index.ts';
export { modelOfFolder, openDiffusionModel, type OpenedModel } from './families/open-model.ts';
export { loadTextToImagePipeline, readWeights, weightsOf } from './pipelines/load-text-to-image.ts';
export { ModelPrograms, type WeightSource } from './pipelines/model-programs.ts';
export { guide, guideStyle, type StyleGuidance, type StylePredictions } from './pipelines/guidance.ts';
export { type Conditions } from './pipelines/conditions.ts';
export { NonFiniteImageError } from './pipelines/finite.ts';
export { imagesPerRun, TextToImagePipeline } from './pipelines/text-to-image.ts';
export {
  type DenoiseInputs,
  type GeneratedImage,
  type SamplingOptions,
  type StartingImage,
  type TextToImageComponents,
  type TextToImageOptions,
} from './pipelines/text-to-image-options.ts';
