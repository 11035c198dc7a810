// Older names of weights, mapped to those of today's diffusers and transformers.
import { type NetworkKind } from '../families/family.ts';

const legacyAttention: Record<string, string> = { query: 'to_q', key: 'to_k', value: 'to_v', proj_attn: 'to_out.0' };

/** Names of the VAE's attention: diffusers before 0.17 used query, key, value and proj_attn. */
function currentVaeName(stored: string): string {
  return stored.replace(
    /(\.attentions\.\d+\.)(query|key|value|proj_attn)(\.(?:weight|bias))$/,
    (_match, before: string, legacy: string, after: string) => before + legacyAttention[legacy] + after,
  );
}

/** Names of CLIPTextModel: transformers before 5 used `text_model.` and stored constant position ids; today's names have neither. */
export function currentTextEncoderName(stored: string): string | undefined {
  const current = stored.replace(/^text_model\./, '');
  return current === 'embeddings.position_ids' ? undefined : current;
}

/** The name without what torch.compile and data parallelism put in front of it. */
const unwrapped = (stored: string): string => stored.replace(/^(_orig_mod|module)\./, '');

/** Names by kind of network; a tensor with an empty new name is skipped. */
export const currentNames: Readonly<Record<NetworkKind, (stored: string) => string | undefined>> = {
  unet: unwrapped,
  autoencoder: (stored) => currentVaeName(unwrapped(stored)),
  'text-encoder': (stored) => currentTextEncoderName(unwrapped(stored)),
};
