// The models against reference checkpoints: every weight used once under its upstream name, and the numbers of a forward pass.
import { elementCount, Graph, type Tensor } from '@styleforge/autodiff';
import { Program, type HostArray } from '@styleforge/runtime';
import { componentOf, type TensorReader } from '@styleforge/weights';
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
import { goldenFile, parameterShapes, relativeDifference, storedShapes, tinyClipConfig, tinySd } from './golden-models.ts';

const tolerance = 2e-5;

async function evaluate<O extends string>(
  graph: Graph,
  outputs: Record<O, Tensor>,
  weights: TensorReader,
  feeds: Record<string, HostArray>,
): Promise<Record<O, Float32Array>> {
  const program = await Program.compile(graph, outputs, { threads: 1 });
  for (const name of graph.parameters.keys()) program.bind([[name, await weights.read(name)]]);
  const results = await program.run(feeds);
  await program.release();
  return results;
}

describe('tiny Stable Diffusion checkpoint', () => {
  let golden: TensorReader;
  let checkpoint: Awaited<ReturnType<typeof tinySd>>;

  beforeAll(async () => {
    golden = await goldenFile('forward.safetensors');
    checkpoint = await tinySd();
  });
  afterAll(() => golden.close());

  const ids = async (name: string): Promise<Int32Array> => Int32Array.from(await golden.read(name));

  it('text encoder', async () => {
    const graph = new Graph();
    const model = new CLIPTextModel(parseCLIPTextConfig(componentOf(checkpoint, 'text_encoder').config));
    const hidden = model.forward(graph, graph.input('input_ids', [2, 77], 'int32'));
    const weights = await componentOf(checkpoint, 'text_encoder').openWeights();
    expect(parameterShapes(graph)).toEqual(storedShapes(weights));
    const results = await evaluate(graph, { hidden }, weights, { input_ids: await ids('text.input_ids') });
    expect(relativeDifference(results.hidden, await golden.read('text.last_hidden_state'))).toBeLessThan(tolerance);
    await weights.close();
  });

  it('U-Net', async () => {
    const graph = new Graph();
    const config = parseUNet2DConditionConfig(componentOf(checkpoint, 'unet').config);
    const out = new UNet2DConditionModel(config).forward(graph, {
      sample: graph.input('sample', [2, 4, 8, 8]),
      timestepEmbedding: graph.input('timestep_embedding', [2, 16]),
      encoderHiddenStates: graph.input('encoder_hidden_states', [2, 77, 32]),
    });
    const weights = await componentOf(checkpoint, 'unet').openWeights();
    expect(parameterShapes(graph)).toEqual(storedShapes(weights));
    const results = await evaluate(graph, { out }, weights, {
      sample: await golden.read('unet.sample'),
      timestep_embedding: timestepEmbedding(await golden.read('unet.timestep'), config),
      encoder_hidden_states: await golden.read('unet.encoder_hidden_states'),
    });
    expect(relativeDifference(results.out, await golden.read('unet.out'))).toBeLessThan(tolerance);
    await weights.close();
  });

  it('autoencoder, both ways', async () => {
    const graph = new Graph();
    const model = new AutoencoderKL(parseAutoencoderKLConfig(componentOf(checkpoint, 'vae').config));
    const { mean, logvar } = model.encode(graph, graph.input('pixel_values', [2, 3, 16, 16]));
    const decoded = model.decode(graph, graph.input('latents', [2, 4, 8, 8]));
    const weights = await componentOf(checkpoint, 'vae').openWeights();
    expect(parameterShapes(graph)).toEqual(storedShapes(weights));
    const results = await evaluate(graph, { mean, logvar, decoded }, weights, {
      pixel_values: await golden.read('vae.pixel_values'),
      latents: await golden.read('vae.decode_in'),
    });
    expect(relativeDifference(results.mean, await golden.read('vae.mean'))).toBeLessThan(tolerance);
    expect(relativeDifference(results.logvar, await golden.read('vae.logvar'))).toBeLessThan(tolerance);
    expect(relativeDifference(results.decoded, await golden.read('vae.decode_out'))).toBeLessThan(tolerance);
    await weights.close();
  });

  it('names its weights after a prefix', () => {
    const graph = new Graph();
    new CLIPTextModel(parseCLIPTextConfig(componentOf(checkpoint, 'text_encoder').config)).forward(
      graph,
      graph.input('ids', [1, 5], 'int32'),
      'text_encoder.',
    );
    const names = [...graph.parameters.keys()];
    expect(names).toContain('text_encoder.encoder.layers.1.self_attn.q_proj.bias');
    expect(names.every((name) => name.startsWith('text_encoder.'))).toBe(true);
  });
});

describe('tiny CLIP checkpoint', () => {
  it('embeds texts and images, and scores them', async () => {
    const golden = await goldenFile('clip.safetensors');
    const weights = await goldenFile('tiny-clip/model.safetensors');
    const config = parseCLIPConfig(await tinyClipConfig());
    const model = new CLIPModel(config);
    const graph = new Graph();
    const text = model.textEmbeddings(graph, {
      inputIds: graph.input('input_ids', [3, 77], 'int32'),
      endOfText: graph.input('end_of_text', [3], 'int32'),
    });
    const image = model.imageEmbeddings(graph, graph.input('pixel_values', [3, 3, 32, 32]));
    const logits = model.logitsPerImage(graph, image, text);
    expect(parameterShapes(graph)).toEqual(storedShapes(weights));

    const inputIds = Int32Array.from(await golden.read('input_ids'));
    const results = await evaluate(graph, { text, image, logits }, weights, {
      input_ids: inputIds,
      end_of_text: endOfTextIndices(inputIds, 77, config.text_config),
      pixel_values: await golden.read('pixel_values'),
    });
    expect(relativeDifference(results.text, await golden.read('text_embeds'))).toBeLessThan(tolerance);
    expect(relativeDifference(results.image, await golden.read('image_embeds'))).toBeLessThan(tolerance);
    expect(relativeDifference(results.logits, await golden.read('logits_per_image'))).toBeLessThan(tolerance);
    await Promise.all([golden.close(), weights.close()]);
  });

  it('finds the end of a text, by its id or, in older configs, as the largest id', () => {
    const config = parseCLIPTextConfig({ eos_token_id: 9 });
    expect([...endOfTextIndices([5, 9, 9, 7, 1, 9], 3, config)]).toEqual([1, 5]);
    expect([...endOfTextIndices([5, 8, 2, 7, 1, 9], 3, parseCLIPTextConfig({ eos_token_id: 2 }))]).toEqual([1, 5]);
  });
});

describe('full-size checkpoints', () => {
  const parameterCount = (graph: Graph): number => [...graph.parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);

  // numbers of parameters of the published checkpoints
  it.each([
    ['Stable Diffusion 1.5', { cross_attention_dim: 768, attention_head_dim: 8 }, 859_520_964],
    ['Stable Diffusion 2.1', { cross_attention_dim: 1024, attention_head_dim: [5, 10, 20, 20], use_linear_projection: true }, 865_910_724],
  ])('U-Net of %s', (_, changes, expected) => {
    const graph = new Graph();
    const config = parseUNet2DConditionConfig(changes);
    new UNet2DConditionModel(config).forward(graph, {
      sample: graph.input('sample', [2, 4, 64, 64]),
      timestepEmbedding: graph.input('time', [2, 320]),
      encoderHiddenStates: graph.input('text', [2, 77, config.cross_attention_dim[0]]),
    });
    expect(parameterCount(graph)).toBe(expected);
  });

  it('text encoder and autoencoder of Stable Diffusion 1.5', () => {
    const text = new Graph();
    const textConfig = { hidden_size: 768, intermediate_size: 3072, num_attention_heads: 12, num_hidden_layers: 12 };
    new CLIPTextModel(parseCLIPTextConfig(textConfig)).forward(text, text.input('ids', [1, 77], 'int32'));
    expect(parameterCount(text)).toBe(123_060_480);

    const vae = new Graph();
    const model = new AutoencoderKL(
      parseAutoencoderKLConfig({
        block_out_channels: [128, 256, 512, 512],
        layers_per_block: 2,
        down_block_types: new Array(4).fill('DownEncoderBlock2D'),
        up_block_types: new Array(4).fill('UpDecoderBlock2D'),
      }),
    );
    model.encode(vae, vae.input('pixels', [1, 3, 512, 512]));
    expect(model.decode(vae, vae.input('latents', [1, 4, 64, 64])).shape).toEqual([1, 3, 512, 512]);
    expect(parameterCount(vae)).toBe(83_653_863);
  });
});
