// forward.safetensors: text encoder, U-Net and VAE, one pass each.
import { Graph } from '@styleforge/autodiff';
import { modelOfFolder } from '@styleforge/diffusion';
import { componentOf, type DiffusersFolder, type TensorReader } from '@styleforge/weights';
import { relativeCase, type CaseResult } from './case-result.ts';
import { evaluate } from './evaluate.ts';
import { readIds, type ReferenceFolder } from './reference-folder.ts';

const tolerance = 2e-5;

async function textEncoder(checkpoint: DiffusersFolder, reference: TensorReader): Promise<CaseResult> {
  const graph = new Graph();
  const [encoder] = modelOfFolder(checkpoint).textEncoders;
  const [, tokens] = reference.info('text.input_ids').shape;
  const ids = await readIds(reference, 'text.input_ids');
  const { encoder_hidden_states: hidden } = encoder.encode(graph, encoder.inputs(graph, ids.length / tokens, tokens));
  const weights = await componentOf(checkpoint, encoder.component).openWeights();
  const results = await evaluate(graph, { hidden }, weights, encoder.feeds(ids, tokens));
  await weights.close();
  return relativeCase('forward.text.last_hidden_state', results.hidden, await reference.read('text.last_hidden_state'), tolerance);
}

async function unet(checkpoint: DiffusersFolder, reference: TensorReader): Promise<CaseResult> {
  const graph = new Graph();
  const model = modelOfFolder(checkpoint);
  const sampleShape = reference.info('unet.sample').shape;
  const given = await reference.read('unet.timestep');
  const timesteps = Float32Array.from({ length: sampleShape[0] }, (_, i) => given[given.length === 1 ? 0 : i]);
  const sample = graph.input('sample', sampleShape);
  const told = model.sampleInputs(graph, sampleShape[0]);
  const states = graph.input('encoder_hidden_states', reference.info('unet.encoder_hidden_states').shape);
  const out = model.denoise(graph, { sample, told, conditions: { encoder_hidden_states: states } });
  const weights = await componentOf(checkpoint, 'unet').openWeights();
  const results = await evaluate(graph, { out }, weights, {
    sample: await reference.read('unet.sample'),
    ...model.sampleFeeds(timesteps, []),
    encoder_hidden_states: await reference.read('unet.encoder_hidden_states'),
  });
  await weights.close();
  return relativeCase('forward.unet.out', results.out, await reference.read('unet.out'), tolerance);
}

async function* vae(checkpoint: DiffusersFolder, reference: TensorReader): AsyncGenerator<CaseResult> {
  const graph = new Graph();
  const { vae: model } = modelOfFolder(checkpoint);
  const { mean, logvar } = model.encode(graph, graph.input('pixel_values', reference.info('vae.pixel_values').shape));
  const decoded = model.decode(graph, graph.input('latents', reference.info('vae.decode_in').shape));
  const weights = await componentOf(checkpoint, 'vae').openWeights();
  const results = await evaluate(graph, { mean, logvar, decoded }, weights, {
    pixel_values: await reference.read('vae.pixel_values'),
    latents: await reference.read('vae.decode_in'),
  });
  await weights.close();
  yield relativeCase('forward.vae.mean', results.mean, await reference.read('vae.mean'), tolerance);
  yield relativeCase('forward.vae.logvar', results.logvar, await reference.read('vae.logvar'), tolerance);
  yield relativeCase('forward.vae.decode_out', results.decoded, await reference.read('vae.decode_out'), tolerance);
}

export async function* forwardCases(folder: ReferenceFolder): AsyncGenerator<CaseResult> {
  const checkpoint = await folder.checkpoint();
  const reference = await folder.tensors('forward.safetensors');
  yield await textEncoder(checkpoint, reference);
  yield await unet(checkpoint, reference);
  yield* vae(checkpoint, reference);
}
