// A base model or checkpoint opened for training: configs checked, weights loaded straight into the buffers that training uses.
import {
  AutoencoderKL,
  CLIPTextModel,
  CLIPTokenizer,
  ConfigError,
  DDPMScheduler,
  parseAutoencoderKLConfig,
  parseCLIPTextConfig,
  parseUNet2DConditionConfig,
  UNet2DConditionModel,
} from '@styleforge/diffusion';
import { type ParameterBuffers } from '@styleforge/runtime';
import {
  readDiffusersFolder,
  requireTensor,
  type DiffusersComponent,
  type DiffusersFolder,
  type TensorReader,
  WeightsMismatchError,
} from '@styleforge/weights';
import { TrainingInputError } from './config.ts';
import { TEXT_ENCODER_PREFIX, UNET_PREFIX } from './parameter-names.ts';

export interface TrainableModel {
  readonly folder: DiffusersFolder;
  readonly unet: UNet2DConditionModel;
  readonly textEncoder: CLIPTextModel;
  readonly vae: AutoencoderKL;
  readonly tokenizer: CLIPTokenizer;
  readonly noiseScheduler: DDPMScheduler;
}

/** Throws TrainingInputError when the folder is no Stable Diffusion checkpoint that can be trained. */
export async function openModel(directory: string): Promise<TrainableModel> {
  const folder = await readDiffusersFolder(directory);
  if (folder.tokenizerDirectory === undefined) {
    throw new TrainingInputError(`the base model in ${directory} has no tokenizer/ folder: add vocab.json and merges.txt`);
  }
  try {
    const textEncoder = new CLIPTextModel(parseCLIPTextConfig(folder.textEncoder.config));
    return {
      folder,
      unet: new UNet2DConditionModel(parseUNet2DConditionConfig(folder.unet.config)),
      textEncoder,
      vae: new AutoencoderKL(parseAutoencoderKLConfig(folder.vae.config)),
      tokenizer: await CLIPTokenizer.fromDirectory(folder.tokenizerDirectory, { maxLength: textEncoder.config.max_position_embeddings }),
      noiseScheduler: new DDPMScheduler(folder.schedulerConfig),
    };
  } catch (error) {
    if (error instanceof ConfigError)
      throw new TrainingInputError(`the base model in ${directory} cannot be trained: ${error.message}`, {
        code: 'unsupported_base_model',
        cause: error,
      });
    throw error;
  }
}

/** Throws TrainingInputError unless the component's file holds the weight in this shape. */
export function requireWeight(
  reader: TensorReader,
  { weightsPath }: Pick<DiffusersComponent, 'weightsPath'>,
  name: string,
  shape: readonly number[],
): void {
  try {
    requireTensor(reader, weightsPath, name, shape);
  } catch (error) {
    if (error instanceof WeightsMismatchError)
      throw new TrainingInputError(error.message, { code: 'unsupported_base_model', cause: error });
    throw error;
  }
}

/** Reads the weights of `folder` into buffers, one tensor at a time. Throws TrainingInputError when one is missing or has another shape. */
export async function loadTrainableWeights(folder: DiffusersFolder, weights: ParameterBuffers): Promise<void> {
  for (const [prefix, component] of [
    [UNET_PREFIX, folder.unet],
    [TEXT_ENCODER_PREFIX, folder.textEncoder],
  ] as const) {
    const reader = await component.openWeights();
    try {
      for (const { name, shape } of weights.specs.filter((spec) => spec.name.startsWith(prefix))) {
        const stored = name.slice(prefix.length);
        requireWeight(reader, component, stored, shape);
        await reader.readInto(stored, weights.get(name));
      }
    } finally {
      await reader.close();
    }
  }
}
