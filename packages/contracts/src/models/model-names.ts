// Labels of trained models in texts for people.
import { ADAPTATION_TRAITS } from '../training/adaptations.ts';
import { METHOD_ADAPTATIONS } from '../training/methods.ts';
import type { TrainingConfig } from '../training/training-config.ts';
import type { TrainingMethod } from '../training/methods.ts';

export const METHOD_TITLES: Record<TrainingMethod, string> = {
  'single-styleforge': 'Single-StyleForge',
  'multi-styleforge': 'Multi-StyleForge',
  dreambooth: 'DreamBooth',
  lora: 'LoRA',
  'textual-inversion': 'Textual Inversion',
  'custom-diffusion': 'Custom Diffusion',
  styledrop: 'StyleDrop',
  'pivotal-tuning': 'Pivotal Tuning',
  'b-lora': 'B-LoRA',
};

/**
 * The label of a trained model: `Single-StyleForge, 300 steps`, with the job's suffix, and with the job's name in front: `lr=1e-4:
 * Single-StyleForge, 300 steps`.
 */
export function trainedModelLabel({ method, adaptation, suffix }: TrainingConfig, step: number, name: string | null = null): string {
  const asLora = adaptation.kind !== METHOD_ADAPTATIONS[method] ? ` with ${ADAPTATION_TRAITS[adaptation.kind].title}` : '';
  const title = `${METHOD_TITLES[method]}${asLora}${suffix === null ? '' : ` ${suffix}`}, ${step} step${step === 1 ? '' : 's'}`;
  return name === null ? title : `${name}: ${title}`;
}
