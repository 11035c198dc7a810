// StyleForge: dual-binding fine-tuning of Stable Diffusion, and generation with the results.
export {
  type EarlyStoppingConfig,
  type StyleForgeConfig,
  type TrainingHyperparameters,
  type TrainingInputCode,
  type ValidationConfig,
  NonFiniteLossError,
  TrainingInputError,
} from './config.ts';
export { type AuxPart, type StyleRefPart, type TrainingImage, type TrainingInputs } from './data/check-inputs.ts';
export { learningRateAt, type WarmupStableDecay, warmupStableDecayAt } from './run/lr-schedule.ts';
export { drawFrom, drawMixed } from './data/sample-plan.ts';
export { cropOf, loadImage, toLatentMask, toPixelValues } from './data/image-source.ts';
export { bucketSizes, drawBucketBatch, nearestSize } from './data/buckets.ts';
export { type CompiledShape } from './loss/shaped-step.ts';
export { drawBatch, drawBatches, type Batch, type BatchSource } from './data/batches.ts';
export { openBatchSource } from './run/open-run.ts';
export {
  createTrainStep,
  dualBindingWeights,
  meanSquaredErrors,
  minSnrWeights,
  trainStepFeeds,
  trainStepGraph,
  type TrainStep,
  type TrainStepBatch,
  type TrainStepOptions,
} from './loss/train-step.ts';
export { componentOf as componentOfParameter, networkOf, prefixOf, UNET_PREFIX } from './model/parameter-names.ts';
export { checkModel, smallestGraphs } from './model/check-model.ts';
export { loadTrainableWeights, openModel, type TrainableModel } from './model/model.ts';
export { type MemoryPlan, type PlannedStep, planMemory } from './run/memory-plan.ts';
export { elementsOf, memoryNeed, requireMemory, type MemoryNeed } from './run/memory.ts';
export { emaDecayAt, updateEma } from './run/ema.ts';
export { SINGLE_FILE } from './adaptations/full.ts';
export { type Adaptation } from './adaptations/adaptation.ts';
export { detachFirstToken } from './adaptations/custom-diffusion.ts';
export { addBranch, isBranchParameter } from './adaptations/residual-adapter.ts';
export { isNewRows, withNewRows } from './adaptations/new-tokens.ts';
export { addLowRank, KOHYA_LORA_FILE, LORA_FILE, type LoraSettings } from './adaptations/lora.ts';
export { makeUpdate, type UpdatePlan } from './run/update.ts';
export { readState, writeState, type StateArrays } from './run/state-files.ts';
export { trainStyleForge } from './run/train-styleforge.ts';
export {
  type SavedCheckpoint,
  type TrainingProgress,
  type TrainingResult,
  type TrainStyleForgeOptions,
} from './run/training-options.ts';
export { makeClassImages, type ClassImagesOptions } from './data/class-images.ts';
export { type ValidationScore } from './run/early-stopping.ts';
export { type RunRequest, type RunRequests } from './run/run-requests.ts';
export { type SampleConfig, type Validation } from './run/validation.ts';
export { generateImages, type GenerateImagesOptions } from './model/generate-images.ts';
export { writeMerged } from './adaptations/merged.ts';
export { type Reconstruction } from './data/reconstruction.ts';
