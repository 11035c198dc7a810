// Checks that a folder can be trained: its configs and tokenizer fit together, and every tensor exists in the right shape with finite
// values.
import { Graph } from '@styleforge/autodiff';
import { conditionShapes, type DiffusionModel } from '@styleforge/diffusion';
import { componentOfKind, type ComponentName } from '@styleforge/model-files';
import { componentOf, type DiffusersComponent } from '@styleforge/weights';
import { TrainingInputError } from '../config.ts';
import { checkTensors, openModel } from './model.ts';

const sides = (levels: number): number => 2 ** levels;

/** Each network in the smallest size, by component. The parameters of its graph are all that its weights contain. */
export function smallestGraphs(model: DiffusionModel): ReadonlyMap<ComponentName, Graph> {
  const { files, unet, vae, textEncoders } = model;
  const graphs = new Map<ComponentName, Graph>();
  const graphOf = (component: ComponentName): Graph => {
    const graph = new Graph();
    graphs.set(component, graph);
    return graph;
  };
  const { in_channels: channels, block_out_channels: levels } = unet.config;
  const denoiser = graphOf(componentOfKind(files, 'unet'));
  const side = sides(levels.length);
  const sample = denoiser.input('sample', [1, channels, side, side]);
  const told = model.sampleInputs(denoiser, 1);
  const rows = Object.entries(conditionShapes(model)).map(([name, row]) => [name, denoiser.input(name, [1, ...row])] as const);
  model.denoise(denoiser, { sample, told, conditions: Object.fromEntries(rows) });
  for (const { component, model: encoder, ...textEncoder } of textEncoders) {
    const graph = graphOf(component);
    const tokens = encoder.config.max_position_embeddings;
    // the whole encoder, whose end some families omit
    encoder.forward(graph, graph.input('ids', [1, tokens], 'int32'));
    textEncoder.encode(graph, textEncoder.inputs(graph, 1, tokens));
  }
  const autoencoder = graphOf(componentOfKind(files, 'autoencoder'));
  const pixels = 2 * vae.downsamplingFactor;
  vae.encode(autoencoder, autoencoder.input('pixels', [1, vae.config.in_channels, pixels, pixels]));
  vae.decode(autoencoder, autoencoder.input('latents', [1, vae.config.latent_channels, 2, 2]));
  return graphs;
}

/** Refuses weights for layers that the config does not describe: without them, the network would compute something else. */
async function refuseOthers({ weightsPath, openWeights }: DiffusersComponent, wanted: ReadonlyMap<string, unknown>): Promise<void> {
  const reader = await openWeights();
  const [first, ...more] = reader.names().filter((name) => !wanted.has(name));
  await reader.close();
  if (first === undefined) return;
  const others = more.length > 0 ? ` and ${more.length} more` : '';
  throw new TrainingInputError(
    `the base model cannot be used: ${weightsPath} has '${first}'${others}, for which its config.json describes no layer: it is a model ` +
      'of another kind, or was saved with an adapter; add a text-to-image model of Stable Diffusion without additions',
    { code: 'unsupported_base_model' },
  );
}

/** Reads every weight. Throws TrainingInputError for a folder that cannot be trained. */
export async function checkModel(directory: string): Promise<void> {
  const { networks, folder } = await openModel(directory);
  for (const [component, { parameters }] of smallestGraphs(networks)) {
    const wanted = new Map([...parameters].map(([name, { shape }]) => [name, shape]));
    const files = componentOf(folder, component);
    await checkTensors(files, wanted);
    // Text encoders and autoencoders are often stored with parts of the model that they were taken from.
    if (files.network === 'unet') await refuseOthers(files, wanted);
  }
}
