// Sizes of a single file's networks, read from the shapes of its tensors.
import { SingleFileError } from '@styleforge/model-files';
import { openTensors } from '@styleforge/weights';

export const OF_OTHER_SHAPE = 'take an intact file, or give the configs of its shape by --config';

/** Sizes read from a single file's tensors: variants of the published models are narrower or wider. */
export interface Widths {
  readonly unet: readonly number[];
  /** Channels of the U-Net's input. */
  readonly input: number;
  readonly context: number;
  readonly vae: readonly number[];
  readonly text: { readonly hidden: number; readonly intermediate: number; readonly vocabulary: number };
}

const FIRST_CONVOLUTION = 'model.diffusion_model.input_blocks.0.0.weight';

/** Widths of a file in the original layout. Throws SingleFileError for a file of another shape. */
export async function widthsOf(file: string): Promise<Widths> {
  const reader = await openTensors(file);
  try {
    const size = (axis: number, ...names: string[]): number => {
      const name = names.find((candidate) => reader.has(candidate));
      const found = name === undefined ? undefined : reader.info(name).shape[axis];
      if (found !== undefined) return found;
      throw new SingleFileError(`${file} has no '${names[0]}', as a model of Stable Diffusion 1.x or 2.x has: ${OF_OTHER_SHAPE}`);
    };
    const textSize = (axis: number, clip: string, openClip: string): number =>
      size(axis, ...TEXT_PREFIXES.map((prefix) => prefix + clip), `cond_stage_model.model.${openClip}`);
    return {
      unet: [1, 4, 7, 10].map((block) => size(0, `model.diffusion_model.input_blocks.${block}.0.in_layers.2.weight`)),
      input: size(1, FIRST_CONVOLUTION),
      context: size(1, 'model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight'),
      vae: [0, 1, 2, 3].map((level) => size(0, `first_stage_model.encoder.down.${level}.block.0.conv1.weight`)),
      text: {
        hidden: textSize(1, 'embeddings.token_embedding.weight', 'token_embedding.weight'),
        intermediate: textSize(0, 'encoder.layers.0.mlp.fc1.weight', 'transformer.resblocks.0.mlp.c_fc.weight'),
        vocabulary: textSize(0, 'embeddings.token_embedding.weight', 'token_embedding.weight'),
      },
    };
  } finally {
    await reader.close();
  }
}
const TEXT_PREFIXES = ['cond_stage_model.transformer.text_model.', 'cond_stage_model.transformer.'];

/** Shape of the U-Net's first layer; empty if there is none. */
export async function firstConvolution(file: string): Promise<readonly number[]> {
  const reader = await openTensors(file);
  try {
    return reader.has(FIRST_CONVOLUTION) ? reader.info(FIRST_CONVOLUTION).shape : [];
  } finally {
    await reader.close();
  }
}
