// The files of Stable Diffusion 1.x and 2.x: one text encoder, CLIP's or OpenCLIP's.
import { type FamilyFiles } from './family.ts';
import { EMBEDDING_ROWS } from '../tensor-files/torch-state.ts';

const OPEN_CLIP_WIDTH = 1024;

export const stableDiffusionFiles: FamilyFiles<'stable-diffusion'> = {
  name: 'stable-diffusion',
  title: 'Stable Diffusion',
  variants: [
    { name: 'stable-diffusion-1', contextWidth: 768 },
    { name: 'stable-diffusion-2', contextWidth: OPEN_CLIP_WIDTH },
  ],
  components: [
    { name: 'unet', network: 'unet', singleFile: { prefix: 'model.diffusion_model.' } },
    { name: 'vae', network: 'autoencoder', singleFile: { prefix: 'first_stage_model.' } },
    {
      name: 'text_encoder',
      network: 'text-encoder',
      tokenizer: 'tokenizer',
      embeddingKey: EMBEDDING_ROWS,
      singleFile: {
        prefix: 'cond_stage_model.transformer.text_model.',
        olderPrefix: 'cond_stage_model.transformer.',
        openClipPrefix: 'cond_stage_model.model.',
      },
    },
  ],
  isNamedBy: () => true,
  imageNumbers: 0,
  samplerFields: { clip_sample: false, steps_offset: 1 },
  kohya: { original: false, version: (textWidth) => (textWidth === OPEN_CLIP_WIDTH ? 'sd_v2' : 'sd_v1') },
  blocks: {},
};
