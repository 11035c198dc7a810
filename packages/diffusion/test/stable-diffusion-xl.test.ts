// Stable Diffusion XL's networks against diffusers and transformers: every stage of one forward pass, and the gradient of every parameter.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Graph, gradients, type Tensor } from '@styleforge/autodiff';
import { DDPMScheduler, modelOf, type ImageGeometry, type Tensors } from '@styleforge/diffusion';
import { Program, type HostArray } from '@styleforge/runtime';
import { openTensors, type TensorReader } from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../../test/golden-methods/', import.meta.url));
const json = (path: string): Record<string, unknown> => JSON.parse(readFileSync(folder + path, 'utf8')) as Record<string, unknown>;
const methods = json('methods.json') as unknown as {
  end_id: number;
  least_gradient: number;
  tolerances: { forward: number; gradient: number; loss: number };
  cases: Record<string, { record: { loss: number }; lambda: number; n_style_ref: number; n_aux: number }>;
};
const config = (component: string) => json(`tiny-sdxl/${component}/config.json`);
const model = modelOf(json('tiny-sdxl/model_index.json'), {
  unet: config('unet'),
  vae: config('vae'),
  text_encoder: config('text_encoder'),
  text_encoder_2: config('text_encoder_2'),
});

const files = { unet: 'unet/diffusion_pytorch_model', text_encoder: 'text_encoder/model', text_encoder_2: 'text_encoder_2/model' };
const weights: Record<string, TensorReader> = {};
beforeAll(async () => {
  for (const [component, file] of Object.entries(files)) weights[component] = await openTensors(`${folder}tiny-sdxl/${file}.safetensors`);
});
afterAll(() => Promise.all(Object.values(weights).map((reader) => reader.close())));

/** The name in the checkpoint: names of its text encoders begin with `text_model.`, except the projection's. */
function stored(parameter: string): [component: string, name: string] {
  const [component = '', ...rest] = parameter.split('.');
  const name = rest.join('.');
  return [component, component === 'unet' || name.startsWith('text_projection') ? name : `text_model.${name}`];
}

interface Built {
  readonly graph: Graph;
  readonly outputs: Record<string, Tensor>;
  readonly prediction: Tensor;
}

function build(count: number, shape: readonly number[]): Built {
  const graph = new Graph();
  const encoded = model.textEncoders.map((encoder) => encoder.encode(graph, encoder.inputs(graph, count, 77), `${encoder.component}.`));
  const conditions = Object.assign({}, ...encoded) as Tensors;
  const sample = graph.input('sample', [...shape]);
  const told = model.sampleInputs(graph, count);
  const prediction = model.denoise(graph, { sample, told, conditions }, 'unet.');
  const { encoder_hidden_states: first, encoder_hidden_states_2: second, pooled_text: pooled } = conditions;
  const added = graph.concat([pooled!, told.imageEmbedding!], 1);
  return { graph, prediction, outputs: { hidden_1: first!, hidden_2: second!, pooled: pooled!, added_in: added, out: prediction } };
}

async function feedsOf(reference: TensorReader): Promise<Record<string, HostArray>> {
  const ids = ['input_ids', 'input_ids_2'].map(async (name) => Int32Array.from(await reference.read(name)));
  const times = await reference.read('time_ids');
  const pairs = Array.from({ length: times.length / 2 }, (_, i): [number, number] => [times[2 * i]!, times[2 * i + 1]!]);
  const images = Array.from({ length: times.length / 6 }, (_, i): ImageGeometry => {
    const [original, crop, target] = pairs.slice(3 * i);
    return { original: original!, crop: crop!, target: target! };
  });
  const texts = await Promise.all(ids);
  const feeds = model.textEncoders.map((encoder, i) => encoder.feeds(texts[i]!, 77, methods.end_id));
  return Object.assign({}, ...feeds, model.sampleFeeds(await reference.read('timesteps'), images)) as Record<string, HostArray>;
}

async function evaluate(graph: Graph, outputs: Record<string, Tensor>, feeds: Record<string, HostArray>) {
  const program = await Program.compile(graph, outputs);
  for (const parameter of graph.parameters.keys()) {
    const [component, name] = stored(parameter);
    program.bind([[parameter, await weights[component]!.read(name)]]);
  }
  const results = await program.run(feeds);
  await program.release();
  return results;
}

/** The largest difference, divided by the reference's largest magnitude. */
function difference(ours: ArrayLike<number>, theirs: Float32Array): number {
  expect(ours.length).toBe(theirs.length);
  const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return theirs.reduce((most, value, i) => Math.max(most, Math.abs(ours[i]! - value)), 0) / largest;
}

describe('against the reference', () => {
  it('every stage of a forward pass', async () => {
    const reference = await openTensors(`${folder}sdxl-forward.safetensors`);
    const { graph, outputs } = build(2, reference.info('sample').shape);
    const ours = await evaluate(graph, outputs, { ...(await feedsOf(reference)), sample: await reference.read('sample') });
    for (const name of Object.keys(outputs))
      expect(difference(ours[name]!, await reference.read(name)), name).toBeLessThan(methods.tolerances.forward);
    await reference.close();
  }, 120_000);

  it('the gradient of every parameter that reaches the loss, in both encoders and the U-Net', async () => {
    const reference = await openTensors(`${folder}sdxl-grad.safetensors`);
    const { lambda, record } = methods.cases['sdxl.grad']!;
    const shape = reference.info('latents').shape;
    const { graph, prediction } = build(2, shape);
    const losses = graph.reduceMean(graph.square(graph.sub(prediction, graph.input('noise', [...shape]))), [1, 2, 3]);
    const loss = graph.reduceSum(graph.mul(losses, graph.input('weights', [2])), [0]);
    const compared = [...graph.parameters];
    const found = gradients(
      graph,
      loss,
      compared.map(([, tensor]) => tensor),
    );
    const names = compared.map(([name]) => name);
    const [latents, noise, timesteps] = await Promise.all(['latents', 'noise', 'timesteps'].map((name) => reference.read(name)));
    const sample = new DDPMScheduler(json('tiny-sdxl/scheduler/scheduler_config.json')).addNoise(latents!, noise!, timesteps!);
    const outputs = Object.fromEntries([['loss', loss], ...names.map((name, i) => [name, found[i]!])]) as Record<string, Tensor>;
    const feeds = { ...(await feedsOf(reference)), sample, noise: noise!, weights: Float32Array.of(1, lambda) };
    const ours = await evaluate(graph, outputs, feeds);
    expect(Math.abs(ours.loss![0]! / record.loss - 1)).toBeLessThan(methods.tolerances.loss);
    for (const name of names) {
      const [component, storedName] = stored(name);
      const theirs = await reference.read(`grad.${component}.${storedName}`);
      if (theirs.some((value) => Math.abs(value) >= methods.least_gradient))
        expect(difference(ours[name]!, theirs), name).toBeLessThan(methods.tolerances.gradient);
    }
    await reference.close();
  }, 300_000);
});
