// The files of Stable Diffusion XL (arXiv 2307.01952): CLIP's and OpenCLIP's text encoders side by side.
import { type FamilyFiles, namesPart } from './family.ts';

export const stableDiffusionXlFiles: FamilyFiles<'stable-diffusion-xl'> = {
  name: 'stable-diffusion-xl',
  title: 'Stable Diffusion XL',
  variants: [{ name: 'stable-diffusion-xl', contextWidth: 2048 }],
  components: [
    { name: 'unet', network: 'unet', singleFile: { prefix: 'model.diffusion_model.' } },
    { name: 'vae', network: 'autoencoder', singleFile: { prefix: 'first_stage_model.' } },
    {
      name: 'text_encoder',
      network: 'text-encoder',
      tokenizer: 'tokenizer',
      embeddingKey: 'clip_l',
      otherEmbeddingKeys: ['text_encoders_0', 'text_encoder'],
      singleFile: { prefix: 'conditioner.embedders.0.transformer.text_model.' },
    },
    {
      name: 'text_encoder_2',
      network: 'text-encoder',
      tokenizer: 'tokenizer_2',
      embeddingKey: 'clip_g',
      otherEmbeddingKeys: ['text_encoders_1', 'text_encoder_2'],
      projects: true,
      singleFile: { openClipPrefix: 'conditioner.embedders.1.model.' },
    },
  ],
  isNamedBy: (modelIndex) => /^StableDiffusionXL/.test(String(modelIndex._class_name)) || namesPart(modelIndex, 'text_encoder_2'),
  imageNumbers: 6,
  samplerFields: { clip_sample: false },
  kohya: { original: true, version: () => 'sdxl_base_v1-0' },
  // B-LoRA (arXiv 2403.14572), section 3
  blocks: { 'b-lora': { content: 'up_blocks.0.attentions.0', style: 'up_blocks.0.attentions.1' } },
};
