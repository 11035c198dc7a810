// StyleForge: dual-binding fine-tuning of Stable Diffusion, and images from what it makes.
export { type LrSchedulerName, type StyleForgeConfig, TrainingInputError, type TrainingHyperparameters } from './config.ts';
export { learningRateAt } from './lr-schedule.ts';
export { drawFrom, drawMixed } from './sample-plan.ts';
export {
  dualBindingWeights, minSnrWeights, TEXT_ENCODER_PREFIX, TrainStep, UNET_PREFIX, type TrainStepBatch, type TrainStepOptions,
} from './train-step.ts';
export { loadTrainableWeights, openModel, type TrainableModel } from './model.ts';
export { emaDecayAt, startEma, updateEma } from './ema.ts';
export { restoreCheckpoint, SINGLE_FILE, writeCheckpoint, type CheckpointExtras, type TrainerState } from './checkpoint.ts';
export { NonFiniteLossError, trainStyleForge, type TrainingProgress, type TrainStyleForgeOptions } from './train-styleforge.ts';
export { generateImages, type GenerateImagesOptions } from './generate-images.ts';
