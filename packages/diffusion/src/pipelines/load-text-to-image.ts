// Makes a text-to-image pipeline from a checkpoint in the diffusers folder layout.
import { type Shape } from '@styleforge/autodiff';
import { describeNetworks } from '@styleforge/model-files';
import { type CompileOptions } from '@styleforge/runtime';
import {
  checkWeights,
  readDiffusersFolder,
  requireFinite,
  requireTensor,
  type DiffusersComponent,
  type TensorReader,
} from '@styleforge/weights';
import { AutoencoderKL } from '../models/autoencoder-kl.ts';
import { CLIPTextModel } from '../models/clip-text.ts';
import { UNet2DConditionModel } from '../models/unet-2d-condition.ts';
import { type WeightSource } from './model-programs.ts';
import { TextToImagePipeline } from './text-to-image.ts';

type Weights = Pick<DiffusersComponent, 'weightsPath' | 'openWeights'>;

/** Gives each wanted tensor to `take`, one at a time. Throws WeightsMismatchError or ModelFileError, which name the file and the tensor. */
export async function readWeights(
  { weightsPath, openWeights }: Weights,
  wanted: ReadonlyMap<string, Shape>,
  take: (name: string, reader: TensorReader) => Promise<Float32Array>,
): Promise<void> {
  const reader = await openWeights();
  try {
    checkWeights(reader, weightsPath, wanted.keys());
    for (const [name, shape] of wanted) requireTensor(reader, weightsPath, name, shape);
    for (const name of wanted.keys()) requireFinite(await take(name, reader), weightsPath, name);
  } finally {
    await reader.close();
  }
}

/** Reads weights from a checkpoint's file when they are first asked for, as float32. */
export function weightsOf(component: Weights): WeightSource {
  return async (wanted) => {
    const arrays = new Map<string, Float32Array>();
    await readWeights(component, wanted, async (name, reader) => {
      const values = await reader.read(name);
      arrays.set(name, values);
      return values;
    });
    return arrays;
  };
}

export async function loadTextToImagePipeline(directory: string, options: CompileOptions = {}): Promise<TextToImagePipeline> {
  const { unet, vae, textEncoder, schedulerConfig, tokenizer } = await describeNetworks(directory);
  const folder = await readDiffusersFolder(directory);
  return new TextToImagePipeline(
    {
      unet: new UNet2DConditionModel(unet),
      vae: new AutoencoderKL(vae),
      textEncoder: new CLIPTextModel(textEncoder),
      schedulerConfig,
      ...(tokenizer ? { tokenize: (text: string) => tokenizer.encode(text) } : {}),
      weights: { unet: weightsOf(folder.unet), vae: weightsOf(folder.vae), textEncoder: weightsOf(folder.textEncoder) },
    },
    options,
  );
}
