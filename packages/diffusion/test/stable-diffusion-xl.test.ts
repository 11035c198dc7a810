// Stable Diffusion XL's networks against diffusers and transformers: every stage of one forward pass, and the gradient of every parameter.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Graph, gradients, type Tensor } from '@styleforge/autodiff';
import {
  CLIPTextModel,
  conditionsXL,
  DDPMScheduler,
  parseCLIPTextConfig,
  parseUNet2DConditionConfig,
  timeIdEmbedding,
  timestepEmbedding,
  UNet2DConditionModel,
  type TimeIds,
} from '@styleforge/diffusion';
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
const unetConfig = parseUNet2DConditionConfig(config('unet'));
const encoders = {
  first: new CLIPTextModel(parseCLIPTextConfig(config('text_encoder'))),
  second: new CLIPTextModel(parseCLIPTextConfig(config('text_encoder_2'))),
  projection: config('text_encoder_2').projection_dim as number,
};

const files = { unet: 'unet/diffusion_pytorch_model', text_encoder: 'text_encoder/model', text_encoder_2: 'text_encoder_2/model' };
const weights: Record<string, TensorReader> = {};
beforeAll(async () => {
  for (const [component, file] of Object.entries(files)) weights[component] = await openTensors(`${folder}tiny-sdxl/${file}.safetensors`);
});
afterAll(() => Promise.all(Object.values(weights).map((reader) => reader.close())));

/** The name in the checkpoint, whose text encoders begin with `text_model.` but for the projection. */
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
  const ids = (name: string) => graph.input(name, [count, 77], 'int32');
  const conditions = conditionsXL(graph, encoders, {
    inputIds: [ids('input_ids'), ids('input_ids_2')],
    endOfText: graph.input('end_of_text', [count], 'int32'),
    timeIds: graph.input('time_ids', [count, 6 * unetConfig.addition_embed!.numbers]),
  });
  const prediction = new UNet2DConditionModel(unetConfig).forward(
    graph,
    {
      sample: graph.input('sample', [...shape]),
      timestepEmbedding: graph.input('time', [count, unetConfig.block_out_channels[0]!]),
      encoderHiddenStates: conditions.encoderHiddenStates,
      addedConditions: conditions.addedConditions,
    },
    'unet.',
  );
  const { hidden, pooled, addedConditions } = conditions;
  return { graph, prediction, outputs: { hidden_1: hidden[0], hidden_2: hidden[1], pooled, added_in: addedConditions, out: prediction } };
}

async function feedsOf(reference: TensorReader): Promise<Record<string, HostArray>> {
  const ids = async (name: string) => Int32Array.from(await reference.read(name));
  const [second, times] = [await ids('input_ids_2'), await reference.read('time_ids')];
  const count = times.length / 6;
  const timeIds = Array.from({ length: count }, (_, i) => [...times.subarray(6 * i, 6 * i + 6)] as unknown as TimeIds);
  return {
    input_ids: await ids('input_ids'),
    input_ids_2: second,
    end_of_text: Int32Array.from({ length: count }, (_, i) => 77 * i + second.subarray(77 * i).indexOf(methods.end_id)),
    time_ids: timeIdEmbedding(timeIds, unetConfig),
    time: timestepEmbedding(await reference.read('timesteps'), unetConfig),
  };
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

/** The largest difference over the reference's largest magnitude. */
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
    const compared = [...graph.parameters].filter(([name]) => !/^text_encoder\.(encoder\.layers\.2\.|final_layer_norm)/.test(name));
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
