// Checks of inputs before the training, each with its own code and a remedy.
import { FIRST_ADAPTATION, tooFewImages } from '@styleforge/contracts';
import { type CLIPTokenizer, commonTokenFault } from '@styleforge/model-files';
import { type StyleForgeConfig, TrainingInputError } from '../config.ts';
import { type TrainableModel } from '../model/model.ts';

export interface TrainingImage {
  readonly path: string;
  /** Name of the image for messages. Default: the last part of its path. */
  readonly fileName?: string;
  /** Appended to the prompt if hyperparameters.use_captions is set. */
  readonly caption?: string | null;
  /** A gray image of the same size with white where the loss counts, for hyperparameters.masked_loss; null if all of the image counts. */
  readonly maskPath?: string | null;
}

/** The images of one component and the prompt that binds them. */
export interface StyleRefPart {
  readonly component: string;
  /** The rare word of the prompt. If it is given, the check makes sure that it is rare. */
  readonly token?: string;
  readonly prompt: string;
  readonly images: readonly TrainingImage[];
}

export interface AuxPart {
  readonly prompt: string;
  readonly images: readonly TrainingImage[];
}

export interface TrainingInputs {
  readonly config: StyleForgeConfig;
  readonly styleRef: readonly StyleRefPart[];
  readonly aux: AuxPart | null;
}

export function checkParts({ config, styleRef, aux }: TrainingInputs): void {
  if (styleRef.length === 0) throw new TrainingInputError('style_ref has no components: give at least one with images');
  if ((aux === null) !== (config.aux === null))
    throw new TrainingInputError('aux images and aux weight belong together: give both or neither');
  const parts = [
    ...styleRef.map(({ component, images }) => [`style_ref component '${component}'`, images] as const),
    ...(aux ? [['aux', aux.images] as const] : []),
  ];
  for (const [name, { length }] of parts) {
    const fault = tooFewImages(name, length, (config.adaptation ?? FIRST_ADAPTATION).kind);
    if (fault !== null) throw new TrainingInputError(fault, { code: 'too_few_images' });
  }
}

/** Unit of image sizes: they are halved at every level of the VAE and the U-Net except the last. */
export const sizeUnit = ({ networks: { vae, unet } }: TrainableModel): number =>
  vae.downsamplingFactor * 2 ** (unet.config.block_out_channels.length - 1);

export function checkResolution(resolution: number, model: TrainableModel): void {
  const unit = sizeUnit(model);
  if (resolution % unit !== 0)
    throw new TrainingInputError(`hyperparameters.resolution is ${resolution}: this base model needs a multiple of ${unit}`);
}

export function checkTokens(styleRef: readonly StyleRefPart[], tokenizer: CLIPTokenizer): void {
  for (const { component, token } of styleRef) {
    const fault = token === undefined ? null : commonTokenFault(token, tokenizer);
    if (fault !== null)
      throw new TrainingInputError(`the token '${token}' of style_ref component '${component}' ${fault}`, { code: 'common_token' });
  }
}
