// The dual-binding step of a geometry with random weights, which benchmarks of training run.
import {
  CLIPTextModel,
  DDPMScheduler,
  parseCLIPTextConfig,
  parseUNet2DConditionConfig,
  randomNormals,
  UNet2DConditionModel,
} from '@styleforge/diffusion';
import { type CompileOptions } from '@styleforge/runtime';
import { dualBindingWeights, TrainStep, type TrainStepBatch } from '@styleforge/styleforge';
import { schedulerConfig, type Geometry } from './geometries.ts';

/** Inputs that are the same whenever they are made. */
export function batchFor({ batchSize, latentShape, textEncoder }: Geometry, step: number): TrainStepBatch {
  const half = batchSize / 2;
  const size = batchSize * latentShape.reduce((product, dimension) => product * dimension, 1);
  return {
    latents: randomNormals({ seed: 1, step, purpose: 'latents' }, size),
    noise: randomNormals({ seed: 1, step, purpose: 'noise' }, size),
    timesteps: Int32Array.from({ length: batchSize }, (_, i) => (step * 271 + i * 97) % 1000),
    inputIds: new Int32Array(2 * (textEncoder.max_position_embeddings as number)).map((_, i) => (i * 7919 + step) % 49406),
    promptOfSample: Int32Array.from({ length: batchSize }, (_, i) => (i < half ? 0 : 1)),
    sampleWeights: dualBindingWeights(half, half, 1),
  };
}

export async function createStep(geometry: Geometry, compile: CompileOptions): Promise<TrainStep> {
  const textConfig = parseCLIPTextConfig(geometry.textEncoder);
  return TrainStep.create({
    unet: new UNet2DConditionModel(parseUNet2DConditionConfig(geometry.unet)),
    textEncoder: new CLIPTextModel(textConfig),
    noiseScheduler: new DDPMScheduler(schedulerConfig),
    batchSize: geometry.batchSize,
    promptCount: 2,
    tokenCount: textConfig.max_position_embeddings,
    latentShape: geometry.latentShape,
    trainTextEncoder: true,
    gradientCheckpointing: geometry.gradientCheckpointing,
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentPrecision: geometry.momentPrecision },
    gradientPrecision: geometry.gradientPrecision,
    compile,
  });
}
