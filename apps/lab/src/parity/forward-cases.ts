// forward.safetensors: text encoder, U-Net and VAE, one pass each.
import { Graph } from '@styleforge/autodiff';
import {
  AutoencoderKL,
  CLIPTextModel,
  parseAutoencoderKLConfig,
  parseCLIPTextConfig,
  parseUNet2DConditionConfig,
  timestepEmbedding,
  UNet2DConditionModel,
} from '@styleforge/diffusion';
import { type DiffusersFolder, type TensorReader } from '@styleforge/weights';
import { relativeCase, type CaseResult } from './case-result.ts';
import { evaluate } from './evaluate.ts';
import { readIds, type ReferenceFolder } from './reference-folder.ts';

const tolerance = 2e-5;

async function textEncoder(checkpoint: DiffusersFolder, reference: TensorReader): Promise<CaseResult> {
  const graph = new Graph();
  const model = new CLIPTextModel(parseCLIPTextConfig(checkpoint.textEncoder.config));
  const hidden = model.forward(graph, graph.input('input_ids', reference.info('text.input_ids').shape, 'int32'));
  const weights = await checkpoint.textEncoder.openWeights();
  const results = await evaluate(graph, { hidden }, weights, { input_ids: await readIds(reference, 'text.input_ids') });
  await weights.close();
  return relativeCase('forward.text.last_hidden_state', results.hidden, await reference.read('text.last_hidden_state'), tolerance);
}

async function unet(checkpoint: DiffusersFolder, reference: TensorReader): Promise<CaseResult> {
  const graph = new Graph();
  const config = parseUNet2DConditionConfig(checkpoint.unet.config);
  const sampleShape = reference.info('unet.sample').shape;
  const given = await reference.read('unet.timestep');
  const timesteps = Float32Array.from({ length: sampleShape[0] }, (_, i) => given[given.length === 1 ? 0 : i]);
  const out = new UNet2DConditionModel(config).forward(graph, {
    sample: graph.input('sample', sampleShape),
    timestepEmbedding: graph.input('timestep_embedding', [sampleShape[0], config.block_out_channels[0]]),
    encoderHiddenStates: graph.input('encoder_hidden_states', reference.info('unet.encoder_hidden_states').shape),
  });
  const weights = await checkpoint.unet.openWeights();
  const results = await evaluate(graph, { out }, weights, {
    sample: await reference.read('unet.sample'),
    timestep_embedding: timestepEmbedding(timesteps, config),
    encoder_hidden_states: await reference.read('unet.encoder_hidden_states'),
  });
  await weights.close();
  return relativeCase('forward.unet.out', results.out, await reference.read('unet.out'), tolerance);
}

async function* vae(checkpoint: DiffusersFolder, reference: TensorReader): AsyncGenerator<CaseResult> {
  const graph = new Graph();
  const model = new AutoencoderKL(parseAutoencoderKLConfig(checkpoint.vae.config));
  const { mean, logvar } = model.encode(graph, graph.input('pixel_values', reference.info('vae.pixel_values').shape));
  const decoded = model.decode(graph, graph.input('latents', reference.info('vae.decode_in').shape));
  const weights = await checkpoint.vae.openWeights();
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
