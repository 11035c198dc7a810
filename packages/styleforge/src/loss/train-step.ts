// One dual-binding training step (arXiv 2404.05256, eq. 3): text encoder, U-Net, weighted noise-prediction loss, gradients, AdamW.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import {
  adaptModels,
  conditionShapes,
  type DDPMScheduler,
  type DiffusionModel,
  type Feeds,
  type ImageGeometry,
  type PredictionType,
  type Tensors,
} from '@styleforge/diffusion';
import { componentOfKind } from '@styleforge/model-files';
import {
  deviceOf,
  graphFor,
  splitParameters,
  TrainingProgram,
  type AdamWOptions,
  type CompileOptions,
  type DeviceName,
  type GradientPrecision,
  type ParameterBuffers,
} from '@styleforge/runtime';
import { type Adaptation } from '../adaptations/adaptation.ts';
import { prefixOf } from '../model/parameter-names.ts';

export interface TrainStepOptions {
  readonly model: DiffusionModel;
  /** Number of samples in one pass, StyleRef and Aux together. */
  readonly batchSize: number;
  /** Number of distinct prompts in one pass; each is encoded once. */
  readonly promptCount: number;
  readonly tokenCount: number;
  /** [channels, height, width] */
  readonly latentShape: readonly [number, number, number];
  /** Whether the text encoders are part of the graph. If not, their conditions are inputs, with one row for each prompt. */
  readonly trainsText: boolean;
  /** Whether each position of a sample's latents has its own weight in the loss. */
  readonly masksLoss?: boolean;
  /** The adaptation. By default every weight trains at the same rates. */
  readonly adaptation?: Pick<Adaptation, 'adapter' | 'ratesOf'>;
  /** Fills the weights that do not train. Required if the adaptation does not train all weights. */
  readonly frozenWeights?: (frozen: ParameterBuffers) => Promise<void>;
  /** Computes all values again in the backward pass, except inputs of blocks and expensive values: less memory, more time. */
  readonly gradientCheckpointing?: boolean;
  /** Whether expensive values are computed again, too. */
  readonly recomputesAll?: boolean | undefined;
  readonly adamw: AdamWOptions;
  /** Uses Prodigy instead of AdamW. */
  readonly prodigy?: { readonly dCoef: number } | undefined;
  /** Called with the graph before any memory is allocated for it. */
  readonly onGraph?: (graph: Graph) => void;
  /** Default: float32. */
  readonly gradientPrecision?: GradientPrecision;
  readonly compile?: CompileOptions;
  /** Additional devices that make passes at the same time. */
  readonly replicas?: readonly DeviceName[] | undefined;
}

export interface TrainStepBatch {
  /** Clean scaled latents [batch, ...latentShape]. */
  readonly latents: Float32Array;
  readonly noise: Float32Array;
  /** [batch] */
  readonly timesteps: ArrayLike<number>;
  /** Inputs of the text encoders, or their conditions, with a row for each prompt. */
  readonly text: Feeds;
  /** Size and crop of each sample's image. */
  readonly images: readonly ImageGeometry[];
  /** Number of each sample's prompt. */
  readonly promptOfSample: Int32Array;
  /** Weight of each sample's mean squared error in the loss. */
  readonly sampleWeights: Float32Array;
  /** Weight of each position if `masksLoss` is set, [batch, height, width] in 0..1. */
  readonly mask?: Float32Array | undefined;
}

/** The conditions of all prompts: computed in the graph, or its inputs. */
function promptConditions(graph: Graph, { model, promptCount, tokenCount, trainsText }: TrainStepOptions): Tensors {
  if (!trainsText) {
    const shapes = Object.entries(conditionShapes(model, tokenCount));
    return Object.fromEntries(shapes.map(([name, row]) => [name, graph.input(name, [promptCount, ...row])]));
  }
  const encoded = model.textEncoders.map((encoder) =>
    encoder.encode(graph, encoder.inputs(graph, promptCount, tokenCount), prefixOf(encoder.component)),
  );
  return Object.assign({}, ...encoded) as Tensors;
}

/** Each sample's mean squared error. A mask [n, 1, h, w] weights the positions; the mean is still over all of them. */
export function meanSquaredErrors(graph: Graph, prediction: Tensor, target: Tensor, mask?: Tensor): Tensor {
  const errors = graph.square(graph.sub(prediction, target));
  return graph.reduceMean(mask ? graph.mul(errors, mask) : errors, [1, 2, 3]);
}

/** The graph from inputs to the loss, and each sample's mean squared error. */
export function trainStepGraph(options: TrainStepOptions): { graph: Graph; loss: Tensor; sampleLosses: Tensor } {
  const { model, batchSize, latentShape } = options;
  const keptWork = options.recomputesAll ? Infinity : undefined;
  const graph = graphFor(options.compile?.device, { recompute: options.gradientCheckpointing, ...(keptWork && { keptWork }) });
  if (options.adaptation?.adapter) adaptModels(graph, options.adaptation.adapter);
  const shape = [batchSize, ...latentShape];
  const promptOfSample = graph.input('prompt_of_sample', [batchSize], 'int32');
  const prompts = promptConditions(graph, options);
  const sample = graph.input('noisy_latents', shape);
  const told = model.sampleInputs(graph, batchSize);
  const conditions = Object.fromEntries(Object.entries(prompts).map(([name, rows]) => [name, graph.gather(rows, promptOfSample)]));
  const modelPred = model.denoise(graph, { sample, told, conditions }, prefixOf(componentOfKind(model.files, 'unet')));
  const mask = options.masksLoss ? graph.input('loss_mask', [batchSize, 1, ...latentShape.slice(1)]) : undefined;
  const sampleLosses = meanSquaredErrors(graph, modelPred, graph.input('target', shape), mask);
  const loss = graph.reduceSum(graph.mul(sampleLosses, graph.input('sample_weights', [batchSize])), [0]);
  return { graph, loss, sampleLosses };
}

/** AdamW's options with the adaptation's rates for each parameter. */
function ratesPerParameter({ adamw, adaptation }: TrainStepOptions): AdamWOptions {
  return adaptation ? { ...adamw, ratesOf: (name) => adaptation.ratesOf(name) ?? {} } : adamw;
}

/** Forward, backward and AdamW. A pass returns each sample's unweighted mean squared error. */
export type TrainStep = TrainingProgram<'sampleLosses'>;

/** Creates the step. Trained weights are zeros: fill `weights` before the first pass. */
export async function createTrainStep(options: TrainStepOptions): Promise<TrainStep> {
  const { graph, loss, sampleLosses } = trainStepGraph(options);
  const { adaptation, frozenWeights } = options;
  options.onGraph?.(graph);
  const { trainable, frozen } = splitParameters(
    graph,
    new Set([...graph.parameters.keys()].filter((name) => adaptation?.ratesOf(name) !== null)),
  );
  if (frozen.specs.length > 0 && !frozenWeights) throw new Error('some weights do not train, and nothing gives their values');
  await frozenWeights?.(frozen);
  return TrainingProgram.create({
    graph,
    loss,
    outputs: { sampleLosses },
    trainable,
    frozen: frozen.entries(),
    adamw: ratesPerParameter(options),
    prodigy: options.prodigy,
    gradientPrecision: options.gradientPrecision,
    compile: { ...options.compile, keepMemory: keepsMemory(options) },
    replicas: options.replicas,
  });
}

/** Whether the step keeps memory for speed. */
const keepsMemory = ({ compile, gradientCheckpointing }: TrainStepOptions): boolean =>
  compile?.keepMemory ?? (deviceOf(compile?.device).keepsMemory && !gradientCheckpointing);

/** Compiles the step with other options over the same weights and moments. Gradients and graphs for other shapes are lost. */
export async function rebuildTrainStep(step: TrainStep, options: TrainStepOptions): Promise<void> {
  const { graph, loss, sampleLosses } = trainStepGraph(options);
  await step.rebuild({ graph, loss, outputs: { sampleLosses } }, { keepMemory: keepsMemory(options) });
}

/** Compiles the step for latents of another shape, over the same weights. */
export async function addTrainStepShape(step: TrainStep, name: string, options: TrainStepOptions): Promise<void> {
  const { graph, loss, sampleLosses } = trainStepGraph(options);
  await step.addGraph(name, { graph, loss, outputs: { sampleLosses } });
}

/** Inputs of one pass of the step. */
export function trainStepFeeds(model: DiffusionModel, noiseScheduler: DDPMScheduler, batch: TrainStepBatch): Feeds {
  const { latents, noise, timesteps } = batch;
  return {
    ...batch.text,
    noisy_latents: noiseScheduler.addNoise(latents, noise, timesteps),
    target: noiseScheduler.target(latents, noise, timesteps),
    ...model.sampleFeeds(timesteps, batch.images),
    prompt_of_sample: batch.promptOfSample,
    sample_weights: batch.sampleWeights,
    ...(batch.mask && { loss_mask: batch.mask }),
  };
}

/**
 * Weights that combine the errors of the samples to mean(StyleRef) + lambda * mean(Aux); `snrWeights` multiply each sample's error.
 * The first `styleRefCount` samples are StyleRef.
 */
export function dualBindingWeights(styleRefCount: number, auxCount: number, lambda: number, snrWeights?: Float32Array): Float32Array {
  return Float32Array.from(
    { length: styleRefCount + auxCount },
    (_, i) => (i < styleRefCount ? 1 / styleRefCount : lambda / auxCount) * (snrWeights?.[i] ?? 1),
  );
}

/**
 * min(SNR, gamma) as a weight of an error of the image, and what it becomes for errors of noise and of velocity (arXiv 2303.09556, section
 * 3.4).
 */
const minSnrOf: Readonly<Record<PredictionType, (snr: number, gamma: number) => number>> = {
  epsilon: (snr, gamma) => Math.min(1, gamma / snr),
  v_prediction: (snr, gamma) => Math.min(snr, gamma) / (snr + 1),
  sample: (snr, gamma) => Math.min(snr, gamma),
};

/** Min-SNR weights of the timesteps. */
export function minSnrWeights(noiseScheduler: DDPMScheduler, timesteps: ArrayLike<number>, gamma: number): Float32Array {
  const weightOf = minSnrOf[noiseScheduler.predictionType];
  return noiseScheduler.snr(timesteps).map((snr) => weightOf(snr, gamma));
}
