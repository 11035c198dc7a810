// Model shapes that the golden checkpoints do not have, against outputs of diffusers and transformers (topologies/make-topologies.py).
import { readFileSync } from 'node:fs';
import { elementCount, Graph, type Shape, type Tensor } from '@styleforge/autodiff';
import { Program, type HostArray } from '@styleforge/runtime';
import { openTensors, type TensorReader } from '@styleforge/weights';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AutoencoderKL,
  CLIPModel,
  CLIPTextModel,
  endOfTextIndices,
  parseAutoencoderKLConfig,
  parseCLIPConfig,
  parseCLIPTextConfig,
  parseUNet2DConditionConfig,
  timestepEmbedding,
  UNet2DConditionModel,
} from '../src/index.ts';
import { relativeDifference } from './golden-models.ts';

const tolerance = 2e-5;
const folder = new URL('./topologies/', import.meta.url);

interface Topology {
  readonly key: string;
  readonly model: 'unet' | 'vae' | 'text' | 'clip';
  readonly config: unknown;
  readonly inputs: Readonly<Record<string, number[]>>;
}
const topologies = JSON.parse(readFileSync(new URL('topologies.json', folder), 'utf8')) as Topology[];

let reference: TensorReader;
beforeAll(async () => {
  reference = await openTensors(fileURLToPath(new URL('topologies.safetensors', folder)));
});
afterAll(() => reference.close());

/** Numbers in -1..1 that depend on a name; the reference's script computes the same. */
function wave(name: string, shape: Shape): Float64Array {
  let seed = 0;
  for (const unit of Buffer.from(name)) seed = (seed * 31 + unit) % 1009;
  return Float64Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(seed + 0.7 * i + 0.013 * i * i));
}

const floats = (name: string, shape: Shape, scale = 1, offset = 0): Float32Array =>
  Float32Array.from(wave(name, shape), (value) => value * scale + offset);
const ids = (shape: Shape, below: number): Int32Array =>
  Int32Array.from(wave('ids', shape), (value) => Math.floor(((value + 1) / 2) * (below - 1)));

function weight(name: string, shape: Shape): Float32Array {
  if (shape.length > 1) return floats(name, shape, Math.sqrt(2 / elementCount(shape.slice(1))));
  return floats(name, shape, 0.2, name.endsWith('weight') ? 1 : 0);
}

async function expectOutputs(key: string, graph: Graph, outputs: Record<string, Tensor>, feeds: Record<string, HostArray>): Promise<void> {
  const program = await Program.compile(graph, outputs, { threads: 1 });
  program.bind([...graph.parameters].map(([name, { shape }]) => [name, weight(name, shape)] as const));
  const results = await program.run(feeds);
  await program.release();
  for (const name of Object.keys(outputs)) {
    expect(outputs[name].shape).toEqual(reference.info(`${key}/${name}`).shape);
    expect(relativeDifference(results[name], await reference.read(`${key}/${name}`)), name).toBeLessThan(tolerance);
  }
}

const runs: Record<Topology['model'], (topology: Topology) => Promise<void>> = {
  unet: async ({ key, config: json, inputs }) => {
    const graph = new Graph();
    const config = parseUNet2DConditionConfig(json);
    const out = new UNet2DConditionModel(config).forward(graph, {
      sample: graph.input('sample', inputs.sample),
      timestepEmbedding: graph.input('time', [2, config.block_out_channels[0]]),
      encoderHiddenStates: graph.input('text', inputs.text),
    });
    const feeds = {
      sample: floats('sample', inputs.sample, 1.5),
      time: timestepEmbedding([981, 17], config),
      text: floats('text', inputs.text),
    };
    await expectOutputs(key, graph, { out }, feeds);
  },
  vae: async ({ key, config, inputs }) => {
    const graph = new Graph();
    const model = new AutoencoderKL(parseAutoencoderKLConfig(config));
    const { mean, logvar } = model.encode(graph, graph.input('pixels', inputs.pixels));
    const out = model.decode(graph, graph.input('latents', inputs.latents));
    await expectOutputs(
      key,
      graph,
      { mean, logvar, out },
      { pixels: floats('pixels', inputs.pixels, 3), latents: floats('latents', inputs.latents) },
    );
  },
  text: async ({ key, config, inputs }) => {
    const graph = new Graph();
    const out = new CLIPTextModel(parseCLIPTextConfig(config)).forward(graph, graph.input('ids', inputs.ids, 'int32'));
    await expectOutputs(key, graph, { out }, { ids: ids(inputs.ids, 50) });
  },
  clip: async ({ key, config: json, inputs }) => {
    const graph = new Graph();
    const config = parseCLIPConfig(json);
    const model = new CLIPModel(config);
    const [rows, length] = inputs.ids;
    const text = model.textEmbeddings(graph, {
      inputIds: graph.input('ids', inputs.ids, 'int32'),
      endOfText: graph.input('end', [rows], 'int32'),
    });
    const image = model.imageEmbeddings(graph, graph.input('pixels', inputs.pixels));
    const tokens = ids(inputs.ids, 48);
    [5, 9, 3].forEach((position, row) => tokens.fill(49, row * length + position, (row + 1) * length));
    await expectOutputs(
      key,
      graph,
      { text, image, logits: model.logitsPerImage(graph, image, text) },
      {
        ids: tokens,
        end: endOfTextIndices(tokens, length, config.text_config),
        pixels: floats('pixels', inputs.pixels),
      },
    );
  },
};

describe('model shapes', () => {
  it.each(topologies)('$key', (topology) => runs[topology.model](topology));
});

describe('unsupported configs are refused by the name of the key', () => {
  it.each([
    ['class_embed_type', 'timestep'],
    ['addition_embed_type', 'image'],
    ['encoder_hid_dim', 32],
    ['dual_cross_attention', true],
    ['time_embedding_type', 'fourier'],
    ['attention_type', 'gated'],
    ['act_fn', 'mish'],
    ['dropout', 0.1],
    ['mid_block_type', 'Other'],
    ['down_block_types', ['AttnDownBlock2D', 'DownBlock2D']],
    ['attention_head_dim', [1, 2, 3]],
    ['block_out_channels', [8]],
    ['transformer_layers_per_block', [[1], 1]],
    ['resnet_time_scale_shift', 'ada_group'],
  ])('U-Net: %s = %j', (key, value) => {
    const { config } = topologies.find(({ model }) => model === 'unet')!;
    expect(() => parseUNet2DConditionConfig({ ...(config as object), [key]: value })).toThrow(
      `config key '${key}' is ${JSON.stringify(value)}`,
    );
  });

  it('autoencoder and CLIP', () => {
    expect(() => parseAutoencoderKLConfig({ latents_mean: [1] })).toThrow("AutoencoderKL: config key 'latents_mean'");
    expect(() => parseAutoencoderKLConfig({ down_block_types: ['AttnDownEncoderBlock2D'] })).toThrow("'down_block_types'");
    expect(() => parseCLIPTextConfig({ hidden_act: 'gelu_new' })).toThrow("CLIPTextModel: config key 'hidden_act'");
    expect(() => parseCLIPTextConfig({ hidden_size: 10, num_attention_heads: 3 })).toThrow("'num_attention_heads'");
    expect(() => parseCLIPTextConfig(null)).toThrow('must be a JSON object');
  });
});
