// A base model or checkpoint opened for training: configs checked, weights loaded straight into the buffers that training uses.
import {
  AutoencoderKL,
  CLIPTextModel,
  readWeights,
  UNet2DConditionModel,
  type CLIPTokenizer,
  type DDPMScheduler,
} from '@styleforge/diffusion';
import { describeModel, ModelFileError } from '@styleforge/model-files';
import { type ParameterBuffers } from '@styleforge/runtime';
import { readDiffusersFolder, type DiffusersComponent, type DiffusersFolder, WeightsMismatchError } from '@styleforge/weights';
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

/** What is wrong with the files of a model as the trainer tells it: not to be tried again. */
async function asInputError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ModelFileError || error instanceof WeightsMismatchError)
      throw new TrainingInputError(`the base model cannot be used: ${error.message}`, { code: 'unsupported_base_model', cause: error });
    throw error;
  }
}

/** Throws TrainingInputError when the folder is not a Stable Diffusion checkpoint that can be trained. */
export function openModel(directory: string): Promise<TrainableModel> {
  return asInputError(async () => {
    const { unet, vae, textEncoder, tokenizer, noiseScheduler } = await describeModel(directory);
    return {
      folder: await readDiffusersFolder(directory),
      unet: new UNet2DConditionModel(unet),
      textEncoder: new CLIPTextModel(textEncoder),
      vae: new AutoencoderKL(vae),
      tokenizer,
      noiseScheduler,
    };
  });
}

/** Reads every tensor that is wanted once. Throws TrainingInputError where one is missing, of another shape, or not numbers. */
export const checkTensors = (component: DiffusersComponent, wanted: ReadonlyMap<string, readonly number[]>): Promise<void> =>
  asInputError(() => readWeights(component, wanted, (name, reader) => reader.read(name)));

/** Reads the weights of `folder` into buffers, one tensor at a time. Throws TrainingInputError when one is missing, has another shape, or is not numbers. */
export async function loadTrainableWeights(
  folder: DiffusersFolder,
  weights: ParameterBuffers,
  isWanted: (name: string) => boolean = () => true,
): Promise<void> {
  for (const [prefix, component] of [
    [UNET_PREFIX, folder.unet],
    [TEXT_ENCODER_PREFIX, folder.textEncoder],
  ] as const) {
    const wanted = weights.specs
      .filter(({ name }) => name.startsWith(prefix) && isWanted(name))
      .map(({ name, shape }) => [name.slice(prefix.length), shape] as const);
    await asInputError(() =>
      readWeights(component, new Map(wanted), async (name, reader) => {
        const values = weights.get(prefix + name);
        await reader.readInto(name, values);
        return values;
      }),
    );
  }
}
