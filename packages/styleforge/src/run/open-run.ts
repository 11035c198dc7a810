// Prepares everything that a training run reads: images, prompts, and the step's program.
import { type Graph } from '@styleforge/autodiff';
import { type WeightSource, weightsOf } from '@styleforge/diffusion';
import { componentOfKind } from '@styleforge/model-files';
import { checkDevice, type CompileOptions, describeDevice, type Device, DeviceError, type DeviceName, deviceOf } from '@styleforge/runtime';
import { componentOf } from '@styleforge/weights';
import { type BatchSource, type Sample, samplesPerGraph, usualSize } from '../data/batches.ts';
import { bucketSizes, nearestSize } from '../data/buckets.ts';
import { checkParts, checkResolution, checkTokens, sizeUnit, type TrainingImage, type TrainingInputs } from '../data/check-inputs.ts';
import { checkImageSizes, loadImage, uprightSize } from '../data/image-source.ts';
import { LatentSource } from '../data/latent-source.ts';
import { promptChoice } from '../data/captions.ts';
import { type Adaptation } from '../adaptations/adaptation.ts';
import { loadTrainableWeights, type TrainableModel } from '../model/model.ts';
import { type MemoryPlan, planMemory } from './memory-plan.ts';
import { availableMemory, elementsOf, memoryNeed, requireMemory } from './memory.ts';
import { PromptList } from '../data/prompts.ts';
import { TrainingInputError, type TrainingHyperparameters } from '../config.ts';
import { type CompiledShape, ShapedStep } from '../loss/shaped-step.ts';
import { createTrainStep, type TrainStepOptions } from '../loss/train-step.ts';

/** Checks the inputs and decodes the images. Throws TrainingInputError for inputs that cannot be trained. */
export async function openBatchSource(inputs: TrainingInputs, model: TrainableModel, device?: DeviceName): Promise<BatchSource> {
  const {
    config,
    config: { hyperparameters },
  } = inputs;
  const { resolution, crop, seed, random_flip: randomFlip } = hyperparameters;
  checkParts(inputs);
  checkResolution(resolution, model);
  checkTokens(inputs.styleRef, model.tokenizers[0]);
  await checkImageSizes(
    [...inputs.styleRef, ...(inputs.aux ? [inputs.aux] : [])].flatMap(({ images }) => images),
    resolution,
  );
  const prompts = new PromptList();
  const sizes = hyperparameters.buckets ? bucketSizes(resolution, sizeUnit(model)) : null;
  const samples = (prompt: string, images: readonly TrainingImage[]): Promise<Sample[]> =>
    Promise.all(
      images.map(async (image) => ({
        prompt: promptChoice(prompts, prompt, image.caption, hyperparameters),
        image: await loadImage(image, sizes ? nearestSize(await uprightSize(image), sizes) : resolution),
      })),
    );
  const styleRef: Sample[][] = [];
  for (const { prompt, images } of inputs.styleRef) styleRef.push(await samples(prompt, images));
  const aux = inputs.aux && (await samples(inputs.aux.prompt, inputs.aux.images));
  const latents = new LatentSource({ ...autoencoderOf(model), device, crop, randomFlip, seed });
  return { config, styleRef, aux, prompts: prompts.texts, latents, model };
}

/** The frozen autoencoder: its graph and weights. */
export function autoencoderOf({ folder, networks }: TrainableModel): { model: TrainableModel['networks']; weights: WeightSource } {
  return { model: networks, weights: weightsOf(componentOf(folder, componentOfKind(networks.files, 'autoencoder'))) };
}

/** Throws TrainingInputError for a precision that the device does not support. */
export async function checkPrecision(hyperparameters: TrainingHyperparameters, name?: DeviceName): Promise<void> {
  const device = deviceOf(name);
  checkKept(hyperparameters, device);
  const precision = hyperparameters.mixed_precision;
  if (precision === 'no') return;
  const refusal = (why: string, cause?: unknown): TrainingInputError =>
    new TrainingInputError(
      `hyperparameters.mixed_precision: '${precision}' cannot be computed here, for ${why}; take 'no', or a worker ` +
        'on a GPU with float16 (DEVICE=cuda, or DEVICE=webgpu with shader-f16)',
      { cause },
    );
  if (!device.precisions.float16Products) throw refusal(`the worker's device has no float16 arithmetic (DEVICE=${device.name})`);
  try {
    await checkDevice(device.name, { mixedPrecision: true });
  } catch (error) {
    throw error instanceof DeviceError ? error : refusal(`the device '${device.name}' has no float16`, error);
  }
}

/** Throws for buckets, an optimizer, or a precision of moments or gradients that the device does not support. */
function checkKept(hyperparameters: TrainingHyperparameters, { name: device, precisions, optimizers, takesFurtherGraphs }: Device): void {
  const { optimizer, buckets } = hyperparameters;
  if (buckets && !takesFurtherGraphs) {
    throw new TrainingInputError(
      `hyperparameters.buckets: true cannot run on the worker's device (DEVICE=${device}), which keeps one graph; ` +
        'take false, or a worker on the processor (DEVICE=cpu)',
    );
  }
  if (!optimizers.includes(optimizer)) {
    throw new TrainingInputError(
      `hyperparameters.optimizer: '${optimizer}' cannot run on the worker's device (DEVICE=${device}); take ` +
        `'adamw', or a worker on the processor (DEVICE=cpu)`,
    );
  }
  const kept: Record<'adam_moments' | 'gradient_precision', readonly string[]> = {
    adam_moments: precisions.moments,
    gradient_precision: precisions.gradients,
  };
  for (const name of ['adam_moments', 'gradient_precision'] as const) {
    const precision = hyperparameters[name];
    if (!kept[name].includes(precision)) {
      throw new TrainingInputError(
        `hyperparameters.${name}: '${precision}' cannot be kept on the worker's device (DEVICE=${device}); take ` +
          `'float32', or a worker on the processor (DEVICE=cpu)`,
      );
    }
  }
}

/** Checks that weights, gradients and moments fit into the memory of this process, if they are stored there. */
function checkMemory(graph: Graph, adaptation: Adaptation, hyperparameters: TrainingHyperparameters, device?: DeviceName): void {
  if (deviceOf(device).stateIn !== 'host') return;
  const { optimizer, adam_moments: momentPrecision, gradient_precision: gradientPrecision, ema } = hyperparameters;
  const trains = (name: string): boolean => adaptation.ratesOf(name) !== null;
  requireMemory(memoryNeed(elementsOf(graph), trains, { optimizer, momentPrecision, gradientPrecision, ema }), availableMemory());
}

/** Memory plan for the card of the training; null if its memory is unknown. */
function planFor(step: TrainStepOptions, { hyperparameters, validation }: BatchSource['config']): MemoryPlan | null {
  const device = step.compile?.device;
  const described = device === undefined ? null : describeDevice(device);
  if (device === undefined || described === null) return null;
  const { optimizer, adam_moments: momentPrecision, gradient_precision: gradientPrecision, ema, mixed_precision } = hyperparameters;
  const state = { optimizer, momentPrecision, gradientPrecision, ema };
  const mixedPrecision = mixed_precision === 'fp16';
  return planMemory(step, { device, state, mixedPrecision, validates: Boolean(validation), freeBytes: described.freeBytes });
}

interface StepOptions {
  readonly compile?: CompileOptions | undefined;
  readonly replicas?: readonly DeviceName[] | undefined;
  readonly onShape?: ((shape: CompiledShape) => void) | undefined;
  readonly onMemoryPlan?: ((plan: MemoryPlan) => void) | undefined;
}

export async function openTrainStep(
  source: BatchSource,
  model: TrainableModel,
  adaptation: Adaptation,
  { compile, replicas, onShape, onMemoryPlan }: StepOptions,
): Promise<ShapedStep> {
  const wanted = trainStepOptions(source, model, adaptation, compile);
  const plan = planFor(wanted, source.config);
  if (plan) onMemoryPlan?.(plan);
  const { recomputes = wanted.gradientCheckpointing, recomputesAll } = plan ?? {};
  const options = { ...wanted, replicas, gradientCheckpointing: recomputes, recomputesAll };
  return new ShapedStep(await createTrainStep(options), options, onShape);
}

function trainStepOptions(source: BatchSource, model: TrainableModel, adaptation: Adaptation, compile?: CompileOptions): TrainStepOptions {
  const { hyperparameters } = source.config;
  const batchSize = samplesPerGraph(source);
  return {
    model: model.networks,
    batchSize,
    promptCount: Math.min(batchSize, source.prompts.length),
    tokenCount: model.networks.textEncoders[0].model.config.max_position_embeddings,
    latentShape: source.latents.shapeOf(usualSize(source)),
    trainsText: adaptation.trainsText,
    masksLoss: hyperparameters.masked_loss,
    adaptation,
    frozenWeights: (frozen) => loadTrainableWeights(model.folder, frozen),
    onGraph: (graph) => checkMemory(graph, adaptation, hyperparameters, compile?.device),
    gradientCheckpointing: hyperparameters.gradient_checkpointing,
    adamw: {
      beta1: hyperparameters.adam_beta1,
      beta2: hyperparameters.adam_beta2,
      epsilon: hyperparameters.adam_epsilon,
      momentPrecision: hyperparameters.adam_moments,
    },
    prodigy: hyperparameters.optimizer === 'prodigy' ? { dCoef: hyperparameters.prodigy_d_coef } : undefined,
    gradientPrecision: hyperparameters.gradient_precision,
    compile: { mixedPrecision: hyperparameters.mixed_precision === 'fp16', ...compile },
  };
}
