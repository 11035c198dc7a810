// Whether the U-Net hears its prompts: the loss of the same noisy latents with their own captions and with each other's.
import { Graph } from '@styleforge/autodiff';
import { type CLIPTextModel, type DDPMScheduler, timestepEmbedding, type UNet2DConditionModel } from '@styleforge/diffusion';
import { Program, type ParameterBuffers } from '@styleforge/runtime';
import { TEXT_ENCODER_PREFIX, UNET_PREFIX, type TrainStepBatch } from '@styleforge/styleforge';
import { LATENT_CHANNELS, LATENT_SIZE } from './geometry.ts';

export interface ConditioningOptions {
  readonly unet: UNet2DConditionModel;
  readonly textEncoder: CLIPTextModel;
  readonly noiseScheduler: DDPMScheduler;
  readonly weights: ParameterBuffers;
  readonly batch: TrainStepBatch;
}

/** Where the picture is mostly noise, so that what it shows is for the prompt to say. */
const TIMESTEPS = [600, 800];

/** One line: mean squared error with own and with others' captions, and what share of it the right caption takes away. */
export async function measureConditioning({ unet, textEncoder, noiseScheduler, weights, batch }: ConditioningOptions): Promise<string> {
  const count = batch.promptOfSample.length;
  const tokens = textEncoder.config.max_position_embeddings;
  const shape = [count, LATENT_CHANNELS, LATENT_SIZE, LATENT_SIZE];
  const graph = new Graph();
  const states = textEncoder.forward(graph, graph.input('input_ids', [count, tokens], 'int32'), TEXT_ENCODER_PREFIX);
  const modelPred = unet.forward(
    graph,
    {
      sample: graph.input('noisy_latents', shape),
      timestepEmbedding: graph.input('timestep_embedding', [count, unet.config.block_out_channels[0]]),
      encoderHiddenStates: states,
    },
    UNET_PREFIX,
  );
  const loss = graph.reduceMean(graph.square(graph.sub(modelPred, graph.input('target', shape))), [0, 1, 2, 3]);
  const program = (await Program.compile(graph, { loss })).bind(weights.entries());
  const measure = async (inputIds: Int32Array, timestep: number): Promise<number> => {
    const timesteps = new Int32Array(count).fill(timestep);
    const {
      loss: [value],
    } = await program.run({
      input_ids: inputIds,
      timestep_embedding: timestepEmbedding(Float32Array.from(timesteps), unet.config),
      noisy_latents: noiseScheduler.addNoise(batch.latents, batch.noise, timesteps),
      target: noiseScheduler.target(batch.latents, batch.noise, timesteps),
    });
    return value;
  };
  const own = batch.inputIds!;
  const others = Int32Array.from([...own.subarray(tokens), ...own.subarray(0, tokens)]);
  const parts: string[] = [];
  for (const timestep of TIMESTEPS) {
    const [right, wrong] = [await measure(own, timestep), await measure(others, timestep)];
    parts.push(`t=${timestep} ${right.toFixed(4)} / ${wrong.toFixed(4)} (${(100 * (1 - right / wrong)).toFixed(0)} %)`);
  }
  await program.release();
  return `own / others' captions: ${parts.join(', ')}`;
}
