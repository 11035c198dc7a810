// Measures whether the U-Net follows its prompts: the loss of the same noisy latents with their own captions and with those of others.
import { type DDPMScheduler, type DiffusionModel, type Feeds } from '@styleforge/diffusion';
import { componentOfKind } from '@styleforge/model-files';
import { graphFor, Program, type ParameterBuffers } from '@styleforge/runtime';
import { prefixOf, type TrainStepBatch } from '@styleforge/styleforge';
import { LATENT_CHANNELS, LATENT_SIZE } from './geometry.ts';

export interface ConditioningOptions {
  readonly model: DiffusionModel;
  readonly noiseScheduler: DDPMScheduler;
  readonly weights: ParameterBuffers;
  readonly batch: TrainStepBatch;
}

/** Timesteps at which the image is mostly noise, so that the prompt determines the content. */
const TIMESTEPS = [600, 800];

/** One line: mean squared error with own and with others' captions, and the share that the right caption removes. */
export async function measureConditioning({ model, noiseScheduler, weights, batch }: ConditioningOptions): Promise<string> {
  const count = batch.promptOfSample.length;
  const [encoder] = model.textEncoders;
  const tokens = encoder.model.config.max_position_embeddings;
  const shape = [count, LATENT_CHANNELS, LATENT_SIZE, LATENT_SIZE];
  const graph = graphFor();
  const conditions = encoder.encode(graph, encoder.inputs(graph, count, tokens), prefixOf(encoder.component));
  const sample = graph.input('noisy_latents', shape);
  const told = model.sampleInputs(graph, count);
  const modelPred = model.denoise(graph, { sample, told, conditions }, prefixOf(componentOfKind(model.files, 'unet')));
  const loss = graph.reduceMean(graph.square(graph.sub(modelPred, graph.input('target', shape))), [0, 1, 2, 3]);
  const program = (await Program.compile(graph, { loss })).bind(weights.entries());
  const measure = async (text: Feeds, timestep: number): Promise<number> => {
    const timesteps = new Int32Array(count).fill(timestep);
    const {
      loss: [value],
    } = await program.run({
      ...text,
      ...model.sampleFeeds(timesteps, batch.images),
      noisy_latents: noiseScheduler.addNoise(batch.latents, batch.noise, timesteps),
      target: noiseScheduler.target(batch.latents, batch.noise, timesteps),
    });
    return value;
  };
  const own = batch.text;
  const ids = own.input_ids as Int32Array;
  const others = { ...own, input_ids: Int32Array.from([...ids.subarray(tokens), ...ids.subarray(0, tokens)]) };
  const parts: string[] = [];
  for (const timestep of TIMESTEPS) {
    const [right, wrong] = [await measure(own, timestep), await measure(others, timestep)];
    parts.push(`t=${timestep} ${right.toFixed(4)} / ${wrong.toFixed(4)} (${(100 * (1 - right / wrong)).toFixed(0)} %)`);
  }
  await program.release();
  return `own / others' captions: ${parts.join(', ')}`;
}
