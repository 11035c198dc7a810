// Whether a folder holds every tensor that its configs ask for, in the right shape: told from the files' headers, before anything is loaded.
import { Graph } from '@styleforge/autodiff';
import { type DiffusersComponent } from '@styleforge/weights';
import { TrainingInputError } from './config.ts';
import { openModel, requireWeight, type TrainableModel } from './model.ts';

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

async function checkComponent(component: DiffusersComponent, { parameters }: Graph): Promise<void> {
  const reader = await component.openWeights();
  try {
    for (const [name, { shape }] of parameters) requireWeight(reader, component, name, shape);
  } finally {
    await reader.close();
  }
}

/** Throws TrainingInputError for a folder that cannot be trained. */
export async function checkModel(directory: string): Promise<void> {
  const model = await openModel(directory);
  const graphs = smallestGraphs(model);
  for (const part of ['unet', 'vae', 'textEncoder'] as const) await checkComponent(model.folder[part], graphs[part]);
  if (model.unet.config.cross_attention_dim.some((dimension) => dimension !== model.textEncoder.config.hidden_size)) {
    throw new TrainingInputError(`${directory}: the U-Net's cross_attention_dim is not the text encoder's hidden_size`, {
      code: 'unsupported_base_model',
    });
  }
}
