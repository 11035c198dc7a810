// Makes a text-to-image pipeline from a checkpoint in the diffusers folder layout.
import { type CompileOptions } from '@styleforge/runtime';
import { readDiffusersFolder, requireTensor, type DiffusersComponent } from '@styleforge/weights';
import { AutoencoderKL, parseAutoencoderKLConfig } from '../models/autoencoder-kl.ts';
import { parseCLIPTextConfig } from '../models/clip-config.ts';
import { CLIPTextModel } from '../models/clip-text.ts';
import { parseUNet2DConditionConfig } from '../models/unet-2d-condition-config.ts';
import { UNet2DConditionModel } from '../models/unet-2d-condition.ts';
import { CLIPTokenizer } from '../tokenizers/clip-tokenizer.ts';
import { type WeightSource } from './model-programs.ts';
import { TextToImagePipeline } from './text-to-image.ts';

/** Reads weights from a checkpoint's file when they are first asked for, as float32. Then throws WeightsMismatchError, which names the file and the weight. */
export function weightsOf(component: Pick<DiffusersComponent, 'weightsPath' | 'openWeights'>): WeightSource {
  return async (wanted) => {
    const reader = await component.openWeights();
    try {
      const arrays = new Map<string, Float32Array>();
      for (const [name, shape] of wanted) {
        requireTensor(reader, component.weightsPath, name, shape);
        arrays.set(name, await reader.read(name));
      }
      return arrays;
    } finally {
      await reader.close();
    }
  };
}

export async function loadTextToImagePipeline(directory: string, options: CompileOptions = {}): Promise<TextToImagePipeline> {
  const folder = await readDiffusersFolder(directory);
  const textEncoder = new CLIPTextModel(parseCLIPTextConfig(folder.textEncoder.config));
  const { max_position_embeddings: maxLength } = textEncoder.config;
  const tokenizer = folder.tokenizerDirectory && (await CLIPTokenizer.fromDirectory(folder.tokenizerDirectory, { maxLength }));
  return new TextToImagePipeline(
    {
      unet: new UNet2DConditionModel(parseUNet2DConditionConfig(folder.unet.config)),
      vae: new AutoencoderKL(parseAutoencoderKLConfig(folder.vae.config)),
      textEncoder,
      schedulerConfig: folder.schedulerConfig,
      ...(tokenizer ? { tokenize: (text: string) => tokenizer.encode(text) } : {}),
      weights: { unet: weightsOf(folder.unet), vae: weightsOf(folder.vae), textEncoder: weightsOf(folder.textEncoder) },
    },
    options,
  );
}
