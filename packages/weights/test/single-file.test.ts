// The original Stable Diffusion layout: every name as in diffusers' converters, and a bit-identical round trip.
import { mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  originalNames,
  componentOf,
  type DiffusersFolder,
  readDiffusersFolder,
  SafetensorsReader,
  SingleFileError,
  singleFileObstacle,
  unpackSingleFile,
  writeDiffusersFolder,
  writeSingleFile,
  type JsonObject,
} from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Names {
  config: JsonObject;
  pairs: Record<string, string>;
}
const golden = JSON.parse(readFileSync(new URL('../../../test/golden/single-file-names.json', import.meta.url), 'utf8')) as {
  name: string;
  unet: Names;
  vae: Names;
}[];
const tinySd = fileURLToPath(new URL('../../../test/golden/tiny-sd', import.meta.url));
const tokenizers = { tokenizer: fileURLToPath(new URL('../../../models/styleforge-mini/tokenizer', import.meta.url)) };
const configsOf = ({ components }: DiffusersFolder) => Object.fromEntries(components.map(({ name, config }) => [name, config]));

describe.each(golden)('tensor names of $name', (topology) => {
  it.each(['unet', 'vae'] as const)('%s: equal those of diffusers in both directions', (component) => {
    const { config, pairs } = topology[component];
    const names = originalNames(component === 'vae' ? 'autoencoder' : component, config);
    expect(Object.fromEntries(Object.keys(pairs).map((name) => [name, names.toOriginal(name)]))).toEqual(pairs);
    expect(Object.fromEntries(Object.values(pairs).map((name) => [names.toDiffusers(name), name]))).toEqual(pairs);
  });
});

describe('tensor names of distilled U-Nets', () => {
  const config = golden[0]!.unet.config;

  it('have one layer in the middle without attention, as in files of ComfyUI', () => {
    const names = originalNames('unet', { ...config, mid_block_type: 'UNetMidBlock2D' });
    expect(names.toOriginal('mid_block.resnets.0.conv1.weight')).toBe('middle_block.0.in_layers.2.weight');
    expect(names.toDiffusers('middle_block.0.in_layers.2.weight')).toBe('mid_block.resnets.0.conv1.weight');
    expect(() => names.toOriginal('mid_block.attentions.0.norm.weight')).toThrow(SingleFileError);
  });

  it('have no names in the middle where there is no middle block', () => {
    const names = originalNames('unet', { ...config, mid_block_type: null });
    expect(names.toOriginal('conv_in.weight')).toBe('input_blocks.0.0.weight');
    expect(() => names.toOriginal('mid_block.resnets.0.conv1.weight')).toThrow(SingleFileError);
  });
});

describe('a single file', () => {
  let scratch: string;
  const at = (name: string): string => join(scratch, name);
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'styleforge-single-file-'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  it('becomes a bit-identical folder again', async () => {
    await writeSingleFile(at('model.safetensors'), tinySd, { dtype: 'F32' });
    const before = await readDiffusersFolder(tinySd);
    const { modelIndex, schedulerConfig } = before;
    const configs = configsOf(before);
    await unpackSingleFile(at('model.safetensors'), at('folder'), { configs, modelIndex, schedulerConfig, tokenizers });
    const after = await readDiffusersFolder(at('folder'));
    for (const { name: part } of before.components) {
      const [a, b] = [await componentOf(before, part).openWeights(), await componentOf(after, part).openWeights()];
      expect(b.names().sort()).toEqual(a.names().sort());
      for (const name of a.names()) {
        expect(b.info(name).shape).toEqual(a.info(name).shape);
        expect(Buffer.from((await b.read(name)).buffer).equals(Buffer.from((await a.read(name)).buffer)), name).toBe(true);
      }
      await Promise.all([a.close(), b.close()]);
    }
  });

  it('is float16 by default, with the names that ComfyUI and A1111 expect', async () => {
    await writeSingleFile(at('half.safetensors'), tinySd);
    const file = await SafetensorsReader.open(at('half.safetensors'));
    expect(new Set(file.names().map((name) => file.info(name).dtype))).toEqual(new Set(['F16']));
    expect(file.info('model.diffusion_model.input_blocks.0.0.weight').shape).toEqual([16, 4, 3, 3]);
    expect(file.info('first_stage_model.encoder.mid.attn_1.q.weight').shape).toEqual([32, 32, 1, 1]);
    expect(file.has('cond_stage_model.transformer.text_model.encoder.layers.0.self_attn.q_proj.weight')).toBe(true);
    await file.close();
  });

  it("of Stable Diffusion 2.x contains OpenCLIP's text encoder, and becomes the same folder again", async () => {
    const folder = await readDiffusersFolder(tinySd);
    const { modelIndex, schedulerConfig } = folder;
    const textEncoder = componentOf(folder, 'text_encoder');
    const config = { ...textEncoder.config, hidden_act: 'gelu' };
    await writeDiffusersFolder(at('open-clip'), { base: tinySd, components: { text_encoder: { config } } });
    expect(await singleFileObstacle(at('open-clip'))).toBeNull();
    await writeSingleFile(at('open-clip.safetensors'), at('open-clip'), { dtype: 'F32' });
    const file = await SafetensorsReader.open(at('open-clip.safetensors'));
    const width = Number(textEncoder.config.hidden_size);
    expect(file.info('cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight').shape).toEqual([3 * width, width]);
    expect(file.names().some((name) => name.startsWith('cond_stage_model.transformer.'))).toBe(false);
    await file.close();
    const layout = { configs: { ...configsOf(folder), text_encoder: config }, modelIndex, schedulerConfig, tokenizers };
    await unpackSingleFile(at('open-clip.safetensors'), at('open-clip-again'), layout);
    const again = componentOf(await readDiffusersFolder(at('open-clip-again')), 'text_encoder');
    const [a, b] = [await textEncoder.openWeights(), await again.openWeights()];
    expect(b.names().sort()).toEqual(a.names().sort());
    for (const name of a.names()) expect(await b.read(name), name).toEqual(await a.read(name));
    await Promise.all([a.close(), b.close()]);
  });

  it('is not offered for a U-Net whose layers have no names in the layout', async () => {
    const config = { ...componentOf(await readDiffusersFolder(tinySd), 'unet').config, class_embed_type: 'timestep' };
    await writeDiffusersFolder(at('classes'), { base: tinySd, components: { unet: { config } } });
    expect(await singleFileObstacle(at('classes'))).toMatch(/class_embed_type/);
    await expect(writeSingleFile(at('never.safetensors'), at('classes'))).rejects.toThrow(SingleFileError);
    expect(await singleFileObstacle(tinySd)).toBeNull();
  });
});
