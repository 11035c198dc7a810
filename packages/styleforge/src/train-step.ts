// One dual-binding training step (arXiv 2404.05256, eq. 3): text encoder, U-Net, weighted noise-prediction loss, gradients, AdamW.
import { Graph, type Tensor } from '@styleforge/autodiff';
import { adaptModels, type CLIPTextModel, type DDPMScheduler, timestepEmbedding, type UNet2DConditionModel } from '@styleforge/diffusion';
import {
  deviceOf,
  splitParameters,
  TrainingProgram,
  type AdamWOptions,
  type CompileOptions,
  type GradientPrecision,
  type HostArray,
  type ParameterBuffers,
} from '@styleforge/runtime';
import { type Adaptation } from './adaptations/adaptation.ts';
import { TEXT_ENCODER_PREFIX, UNET_PREFIX } from './parameter-names.ts';

export interface TrainStepOptions {
  readonly unet: UNet2DConditionModel;
  readonly textEncoder: CLIPTextModel;
  readonly noiseScheduler: DDPMScheduler;
  /** Samples of one pass, StyleRef and Aux together. */
  readonly batchSize: number;
  /** Distinct prompts of one pass: each is encoded once. */
  readonly promptCount: number;
  readonly tokenCount: number;
  /** [channels, height, width] */
  readonly latentShape: readonly [number, number, number];
  /** Without it `encoderHiddenStates` [promptCount, tokens, features] are fed and the text encoder stays frozen. */
  readonly trainTextEncoder: boolean;
  /** By default every weight trains at the same rates. */
  readonly adaptation?: Pick<Adaptation, 'adapter' | 'ratesOf'>;
  /** Fills the weights that do not train; needed where the adaptation leaves any out. */
  readonly frozenWeights?: (frozen: ParameterBuffers) => Promise<void>;
  /** Keeps what enters each block and what is dear to compute, and computes the rest again for its gradients: less memory for more time. */
  readonly gradientCheckpointing?: boolean;
  readonly adamw: AdamWOptions;
  /** float32 when left out. */
  readonly gradientPrecision?: GradientPrecision;
  readonly compile?: CompileOptions;
}

export interface TrainStepBatch {
  /** Clean scaled latents [batch, ...latentShape]. */
  readonly latents: Float32Array;
  readonly noise: Float32Array;
  /** [batch] */
  readonly timesteps: ArrayLike<number>;
  /** [promptCount, tokens] */
  readonly inputIds?: Int32Array;
  readonly encoderHiddenStates?: Float32Array;
  /** Which prompt each sample has. */
  readonly promptOfSample: Int32Array;
  /** Weight of each sample's mean squared error in the loss. */
  readonly sampleWeights: Float32Array;
}

/** The graph from inputs to the loss, and each sample's mean squared error. */
export function trainStepGraph(options: TrainStepOptions): { graph: Graph; loss: Tensor; sampleLosses: Tensor } {
  const { unet, textEncoder, batchSize, promptCount, tokenCount, latentShape, trainTextEncoder } = options;
  const graph = new Graph({ recompute: options.gradientCheckpointing });
  if (options.adaptation?.adapter) adaptModels(graph, options.adaptation.adapter);
  const shape = [batchSize, ...latentShape];
  const promptOfSample = graph.input('prompt_of_sample', [batchSize], 'int32');
  const states = trainTextEncoder
    ? textEncoder.forward(graph, graph.input('input_ids', [promptCount, tokenCount], 'int32'), TEXT_ENCODER_PREFIX)
    : graph.input('encoder_hidden_states', [promptCount, tokenCount, textEncoder.config.hidden_size]);
  const modelPred = unet.forward(
    graph,
    {
      sample: graph.input('noisy_latents', shape),
      timestepEmbedding: graph.input('timestep_embedding', [batchSize, unet.config.block_out_channels[0]]),
      encoderHiddenStates: graph.gather(states, promptOfSample),
    },
    UNET_PREFIX,
  );
  const sampleLosses = graph.reduceMean(graph.square(graph.sub(modelPred, graph.input('target', shape))), [1, 2, 3]);
  const loss = graph.reduceSum(graph.mul(sampleLosses, graph.input('sample_weights', [batchSize])), [0]);
  return { graph, loss, sampleLosses };
}

/** AdamW with the rates that the adaptation gives each parameter. */
function ratesPerParameter({ adamw, adaptation }: TrainStepOptions): AdamWOptions {
  return adaptation ? { ...adamw, ratesOf: (name) => adaptation.ratesOf(name) ?? {} } : adamw;
}

export class TrainStep {
  /** Weights, optimizer and updates. */
  readonly program: TrainingProgram<'sampleLosses'>;
  readonly #options: TrainStepOptions;

  private constructor(options: TrainStepOptions, program: TrainingProgram<'sampleLosses'>) {
    this.#options = options;
    this.program = program;
  }

  /** Trained weights start as zeros: fill `program.weights` before the first pass. */
  static async create(options: TrainStepOptions): Promise<TrainStep> {
    const { graph, loss, sampleLosses } = trainStepGraph(options);
    const { adaptation, frozenWeights } = options;
    const { trainable, frozen } = splitParameters(
      graph,
      new Set([...graph.parameters.keys()].filter((name) => adaptation?.ratesOf(name) !== null)),
    );
    if (frozen.specs.length > 0 && !frozenWeights) throw new Error('some weights do not train, and nothing gives their values');
    await frozenWeights?.(frozen);
    const keepMemory = deviceOf(options.compile?.device).keepsMemory && !options.gradientCheckpointing;
    const program = await TrainingProgram.create({
      graph,
      loss,
      outputs: { sampleLosses },
      trainable,
      frozen: frozen.entries(),
      adamw: ratesPerParameter(options),
      gradientPrecision: options.gradientPrecision,
      compile: { keepMemory, ...options.compile },
    });
    return new TrainStep(options, program);
  }

  /** Forward and backward; returns each sample's unweighted mean squared error. Passes before an update are averaged. */
  async backward(batch: TrainStepBatch): Promise<Float32Array> {
    const { unet, noiseScheduler, trainTextEncoder } = this.#options;
    const states: Record<string, HostArray> = trainTextEncoder
      ? { input_ids: batch.inputIds! }
      : { encoder_hidden_states: batch.encoderHiddenStates! };
    const { sampleLosses } = await this.program.backward({
      ...states,
      noisy_latents: noiseScheduler.addNoise(batch.latents, batch.noise, batch.timesteps),
      target: noiseScheduler.target(batch.latents, batch.noise, batch.timesteps),
      timestep_embedding: timestepEmbedding(Float32Array.from(batch.timesteps), unet.config),
      prompt_of_sample: batch.promptOfSample,
      sample_weights: batch.sampleWeights,
    });
    return sampleLosses;
  }
}

/**
 * Weights that turn per-sample errors into mean(StyleRef) + lambda * mean(Aux); `snrWeights` multiply each sample's error.
 * The first `styleRefCount` samples are StyleRef.
 */
export function dualBindingWeights(styleRefCount: number, auxCount: number, lambda: number, snrWeights?: Float32Array): Float32Array {
  return Float32Array.from(
    { length: styleRefCount + auxCount },
    (_, i) => (i < styleRefCount ? 1 / styleRefCount : lambda / auxCount) * (snrWeights?.[i] ?? 1),
  );
}

/** min(SNR, gamma) / SNR for noise prediction, over SNR + 1 for velocity (arXiv 2303.09556). */
export function minSnrWeights(noiseScheduler: DDPMScheduler, timesteps: ArrayLike<number>, gamma: number): Float32Array {
  const offset = noiseScheduler.predictionType === 'v_prediction' ? 1 : 0;
  return noiseScheduler.snr(timesteps).map((snr) => Math.min(snr, gamma) / (snr + offset));
}
