// Whether a folder can be trained: its configs and tokenizer fit, and every tensor that they ask for is there, in the right shape, in finite numbers.
import { Graph } from '@styleforge/autodiff';
import { checkTensors, openModel, type TrainableModel } from './model.ts';

const sides = (levels: number): number => 2 ** levels;

/** Each network built at the smallest size: its graph's parameters are all that its weights hold. */
export function smallestGraphs({ unet, vae, textEncoder }: Pick<TrainableModel, 'unet' | 'vae' | 'textEncoder'>): {
  unet: Graph;
  vae: Graph;
  textEncoder: Graph;
} {
  const graphs = { unet: new Graph(), vae: new Graph(), textEncoder: new Graph() };
  const { in_channels: channels, block_out_channels: levels } = unet.config;
  const { hidden_size: hidden, max_position_embeddings: tokens } = textEncoder.config;
  const side = sides(levels.length);
  unet.forward(graphs.unet, {
    sample: graphs.unet.input('sample', [1, channels, side, side]),
    timestepEmbedding: graphs.unet.input('time', [1, levels[0]]),
    encoderHiddenStates: graphs.unet.input('states', [1, tokens, hidden]),
  });
  textEncoder.forward(graphs.textEncoder, graphs.textEncoder.input('ids', [1, tokens], 'int32'));
  vae.encode(graphs.vae, graphs.vae.input('pixels', [1, vae.config.in_channels, 2 * vae.downsamplingFactor, 2 * vae.downsamplingFactor]));
  vae.decode(graphs.vae, graphs.vae.input('latents', [1, vae.config.latent_channels, 2, 2]));
  return graphs;
}

/** Throws TrainingInputError for a folder that cannot be trained. Every weight is read. */
export async function checkModel(directory: string): Promise<void> {
  const model = await openModel(directory);
  const graphs = smallestGraphs(model);
  for (const part of ['unet', 'vae', 'textEncoder'] as const) {
    const wanted = new Map([...graphs[part].parameters].map(([name, { shape }]) => [name, shape]));
    await checkTensors(model.folder[part], wanted);
  }
}
