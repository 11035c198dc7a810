// What people call a trained model, and the words that bring its style out.
import type { AdaptationKind } from '../training/adaptations.ts';
import { METHOD_ADAPTATIONS } from '../training/methods.ts';
import { CAPTION_PLACEHOLDER } from '../training/placeholders.ts';
import type { BoundToken } from '../training/placeholders.ts';
import type { TrainingConfig } from '../training/training-config.ts';
import type { TrainingMethod } from '../training/training-request.ts';

export const METHOD_TITLES: Record<TrainingMethod, string> = {
  'single-styleforge': 'Single-StyleForge',
  'multi-styleforge': 'Multi-StyleForge',
  dreambooth: 'DreamBooth',
  lora: 'LoRA',
  'textual-inversion': 'Textual Inversion',
  'custom-diffusion': 'Custom Diffusion',
  styledrop: 'StyleDrop',
};

const ADAPTATION_TITLES: Record<AdaptationKind, string> = {
  full: 'all weights',
  lora: 'LoRA',
  'textual-inversion': 'Textual Inversion',
  'custom-diffusion': 'Custom Diffusion',
  adapter: 'adapters',
};

/** `Single-StyleForge, 300 steps`, with the job's suffix where it has one and its own name in front: `lr=1e-4: Single-StyleForge, 300 steps`. */
export function trainedModelLabel({ method, adaptation, suffix }: TrainingConfig, step: number, name: string | null = null): string {
  const asLora = adaptation.kind !== METHOD_ADAPTATIONS[method] ? ` with ${ADAPTATION_TITLES[adaptation.kind]}` : '';
  const title = `${METHOD_TITLES[method]}${asLora}${suffix === null ? '' : ` ${suffix}`}, ${step} step${step === 1 ? '' : 's'}`;
  return name === null ? title : `${name}: ${title}`;
}

/** How an evaluated model is told its style: see `evaluatedPrompt`. */
export function styleWords({ style_ref }: Pick<TrainingConfig, 'style_ref'>): { prompt_prefix: string; tokens: BoundToken[] } {
  return { prompt_prefix: stylePrefix({ style_ref }), tokens: style_ref.components.map(({ name, token }) => ({ name, token })) };
}

/** What stands before each prompt: `a photo of zwx style, ukj style, `, the words that the components share said once. With a place for the caption the prompt goes there. */
function stylePrefix({ style_ref: { components } }: Pick<TrainingConfig, 'style_ref'>): string {
  const [first] = components;
  if (first === undefined) return '';
  if (first.prompt.includes(CAPTION_PLACEHOLDER)) return first.prompt;
  const shared = first.prompt.slice(0, first.prompt.indexOf(first.token));
  const parts = components.map(({ prompt, token }, index) =>
    index > 0 && shared !== '' && prompt.startsWith(shared + token) ? prompt.slice(shared.length) : prompt,
  );
  return `${parts.join(', ')}, `;
}
