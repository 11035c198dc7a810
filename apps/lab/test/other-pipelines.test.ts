// Models of other pipelines, and files that are no whole model: `add` refuses them by their name, with the remedy.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SafetensorsReader, writeSafetensors, writeSingleFile, type TensorEntry } from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinyBaseModel } from '../../../test/integration/tiny-base-model.ts';
import { addBaseModel } from '../src/base-models/add-base-model.ts';

let scratch: string;
let origin: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-other-pipelines-'));
  origin = join(scratch, 'origin');
  await makeTinyBaseModel(origin);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const UNET = join('unet', 'diffusion_pytorch_model.safetensors');
const hub = { endpoint: 'http://127.0.0.1:9' };
async function refusalOf(source: string, configDirectory?: string): Promise<string> {
  const directory = await mkdtemp(join(scratch, 'models-'));
  const options = { directory, name: 'other', source, hub, s3: { region: 'us-east-1', forcePathStyle: true }, revision: 'main' };
  const added = addBaseModel({ ...options, sha256: new Map(), profile: {}, ...(configDirectory && { configDirectory }) });
  const error: unknown = await added.catch((thrown: unknown) => thrown);
  expect((await readdir(directory)).filter((name) => name !== '.downloads')).toEqual([]);
  return (error as Error).message;
}
async function editJson(file: string, changes: object): Promise<void> {
  await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), ...changes }));
}
async function entriesOf(file: string): Promise<(TensorEntry & { data: Float32Array })[]> {
  const reader = await SafetensorsReader.open(file);
  const names = reader.names();
  const entries = await Promise.all(names.map(async (name) => ({ name, shape: reader.info(name).shape, data: await reader.read(name) })));
  await reader.close();
  return entries;
}

const index = (changes: object) => (folder: string) => editJson(join(folder, 'model_index.json'), changes);
const remove =
  (...parts: string[]) =>
  (folder: string) =>
    rm(join(folder, ...parts), { recursive: true });

describe('a folder is refused:', () => {
  it.each<[string, ((folder: string) => Promise<unknown>)[], RegExp]>([
    [
      'image variations, which have no text encoder',
      [
        index({ _class_name: 'StableDiffusionImageVariationPipeline', text_encoder: [null, null] }),
        remove('text_encoder'),
        (folder) => mkdir(join(folder, 'image_encoder')),
      ],
      /model_index\.json is of StableDiffusionImageVariationPipeline and has no text_encoder: add a text-to-image model/,
    ],
    [
      "XL's refiner",
      [
        index({
          _class_name: 'StableDiffusionXLImg2ImgPipeline',
          text_encoder: [null, null],
          text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
        }),
        remove('text_encoder'),
      ],
      /is of StableDiffusionXLImg2ImgPipeline and has no text_encoder/,
    ],
    [
      'a video model',
      [index({ _class_name: 'AnimateDiffPipeline', unet: ['diffusers', 'UNetMotionModel'] })],
      /is of AnimateDiffPipeline and has UNetMotionModel as unet; supported is UNet2DConditionModel/,
    ],
    [
      'another autoencoder',
      [(folder) => editJson(join(folder, 'vae', 'config.json'), { _class_name: 'AutoencoderTiny' })],
      /vae\/config\.json cannot be used: .*'_class_name' is "AutoencoderTiny"; supported are AutoencoderKL/,
    ],
    [
      'another text encoder',
      [(folder) => editJson(join(folder, 'text_encoder', 'config.json'), { model_type: 'roberta' })],
      /text_encoder\/config\.json cannot be used: .*'model_type' is "roberta"; supported are clip_text_model/,
    ],
    [
      'a latent consistency model',
      [(folder) => editJson(join(folder, 'unet', 'config.json'), { time_cond_proj_dim: 256 })],
      /'time_cond_proj_dim' is 256; this is not supported: for few steps, add .* its LCM-LoRA/,
    ],
    [
      'a U-Net with parts that its config does not describe',
      [
        async (folder) =>
          writeSafetensors(join(folder, UNET), [
            ...(await entriesOf(join(folder, UNET))),
            { name: 'down_blocks.0.motion_modules.0.proj_in.weight', shape: [1], data: new Float32Array(1) },
          ]),
      ],
      /has 'down_blocks\.0\.motion_modules\.0\.proj_in\.weight', for which its config\.json describes no layer/,
    ],
    [
      'a variant that is not chosen by itself',
      [(folder) => cp(join(folder, UNET), join(folder, UNET.replace('.safetensors', '.non_ema.safetensors'))), remove(UNET)],
      /only unet\/diffusion_pytorch_model\.non_ema\.safetensors; rename them to unet\/diffusion_pytorch_model\.safetensors/,
    ],
    [
      'a missing shard',
      [
        (folder) =>
          writeFile(join(folder, `${UNET}.index.json`), '{"weight_map": {"a": "diffusion_pytorch_model-00001-of-00001.safetensors"}}'),
        remove(UNET),
      ],
      /unet\/diffusion_pytorch_model-00001-of-00001\.safetensors is missing: download the whole folder/,
    ],
    [
      'noise prediction trained to pure noise',
      [(folder) => editJson(join(folder, 'scheduler', 'scheduler_config.json'), { rescale_betas_zero_snr: true })],
      /prediction_type epsilon says nothing about the last timestep.*set v_prediction/,
    ],
  ])(
    '%s',
    async (_name, damages, message) => {
      const folder = join(await mkdtemp(join(scratch, 'model-')), 'model');
      await cp(origin, folder, { recursive: true });
      for (const damage of damages) await damage(folder);
      expect(await refusalOf(folder)).toMatch(message);
    },
    60_000,
  );
});

describe('a single file is refused:', () => {
  it.each([
    ['lora_unet_mid_block_x.lora_down.weight', /is a LoRA: install it with add-adapter/],
    [
      'model.diffusion_model.joint_blocks.0.x.weight',
      /is a transformer such as Stable Diffusion 3 or FLUX; take the file of a whole model/,
    ],
    ['double_blocks.0.img_attn.qkv.weight', /is a transformer such as Stable Diffusion 3 or FLUX/],
    ['model.diffusion_model.input_blocks.1.0.time_stack.x.weight', /is a video model/],
    ['control_model.input_blocks.0.0.weight', /is a ControlNet/],
    ['conditioner.embedders.0.model.ln_final.weight', /is the refiner of Stable Diffusion XL/],
    ['model.diffusion_model.out.0.weight', /contains a U-Net without text encoder/],
    ['encoder.conv_in.weight', /contains an autoencoder only/],
    ['down_blocks.0.x.weight', /is one network of a diffusers folder; name the folder/],
    ['something', /contains no text encoder of .*; take the file of a whole model/],
  ])('%s', async (name, message) => {
    const file = join(scratch, `${name}.safetensors`);
    await writeSafetensors(file, [{ name, shape: [1], data: new Float32Array(1) }], { dtype: 'F32' });
    expect(await refusalOf(file)).toMatch(message);
  });

  it('without autoencoder, or with whole numbers as weights', async () => {
    const whole = join(scratch, 'whole.safetensors');
    await writeSingleFile(whole, origin, { dtype: 'F32' });
    const entries = await entriesOf(whole);
    const other = join(scratch, 'other.safetensors');
    await writeSafetensors(
      other,
      entries.filter(({ name }) => !name.startsWith('first_stage_model.')),
      { dtype: 'F32' },
    );
    expect(await refusalOf(other)).toMatch(/but no vae \('first_stage_model\.\*'\): take the file of the whole model/);
    const quantized = Buffer.from(await readFile(whole));
    const end = 8 + Number(quantized.readBigUInt64LE());
    quantized.write(quantized.toString('utf8', 8, end).replaceAll('"F32"', '"I32"'), 8);
    await writeFile(other, quantized);
    expect(await refusalOf(other, origin)).toMatch(/as I32, which is quantized; take the file in float16, bfloat16 or float32/);
  }, 60_000);
});
