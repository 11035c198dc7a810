// Diffusion models, their noise schedules and tokenizers, and the pipelines that join them.
export { permutation, randomIntegers, randomNormals, randomUniforms, type RandomKey } from './random.ts';
export { adaptModels, type AdaptedLayer, type ModelAdapter } from './nn/scope.ts';
export { timestepEmbedding, type TimestepEmbeddingConfig } from './nn/timestep-embedding.ts';
export { ConfigError } from './models/config-reader.ts';
export { AutoencoderKL, parseAutoencoderKLConfig, type AutoencoderKLConfig, type Posterior } from './models/autoencoder-kl.ts';
export { parseCLIPConfig, parseCLIPTextConfig, type CLIPConfig, type CLIPTextConfig, type CLIPVisionConfig } from './models/clip-config.ts';
export { CLIPModel, type CLIPTextInputs } from './models/clip.ts';
export { CLIPTextModel, endOfTextIndices } from './models/clip-text.ts';
export { parseUNet2DConditionConfig, type UNet2DConditionConfig } from './models/unet-2d-condition-config.ts';
export { UNet2DConditionModel, type UNet2DConditionInputs } from './models/unet-2d-condition.ts';
export {
  createSampler,
  DDPMScheduler,
  isSamplerName,
  samplerNames,
  type PredictionType,
  type Sampler,
  type SamplerName,
  type SchedulerConfig,
} from './schedulers/index.ts';
export { loadTextToImagePipeline, weightsOf } from './pipelines/load-text-to-image.ts';
export { ModelPrograms, type WeightSource } from './pipelines/model-programs.ts';
export {
  TextToImagePipeline,
  type DenoiseInputs,
  type GeneratedImage,
  type SamplingOptions,
  type TextToImageComponents,
  type TextToImageOptions,
} from './pipelines/text-to-image.ts';
export { CLIPTokenizer } from './tokenizers/clip-tokenizer.ts';
