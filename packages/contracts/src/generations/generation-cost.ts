// The cost of a generation: the sum over the cells of its grid, in the unit of the budgets.
import { costOfImages, passesOf } from '../common/work-cost.ts';
import type { CandidateSettings } from '../training/styledrop.ts';
import { type GenerationConfig, generationCells } from './generations.ts';

type Sampled = Pick<GenerationConfig, 'prompts' | 'num_images' | 'width' | 'height' | 'steps' | 'guidance_scale' | 'style_guidance'>;

function costOfCell({ prompts, num_images, width, height, steps, guidance_scale, style_guidance }: Sampled): number {
  // Style guidance runs the base model, too.
  const passes = style_guidance !== null ? 3 : passesOf(guidance_scale);
  return costOfImages({ images: prompts.length * num_images, width, height, steps, passes });
}

export const costOfGeneration = (config: GenerationConfig): number =>
  generationCells(config).reduce((sum, cell) => sum + costOfCell(cell.config), 0);

/** The cost of the candidates of a StyleDrop job, at its training resolution. */
export const costOfCandidates = ({ prompts, images_per_prompt, ...sampling }: CandidateSettings, resolution: number): number =>
  costOfCell({ ...sampling, prompts, num_images: images_per_prompt, width: resolution, height: resolution, guidance_scale: 1 });
