// Finds words of prompts after the last position of the text encoder, which the model does not read.
import { generationCells } from '@styleforge/contracts';
import type { GenerationConfig } from '@styleforge/contracts';
import type { ApiDependencies } from '../../dependencies.ts';

const MOST_WARNINGS = 3;
const SHOWN_CHARACTERS = 100;

/** Collects each prompt once, including those of a grid. */
export const promptsOf = (config: GenerationConfig): string[] =>
  config.grid ? [...new Set(generationCells(config).flatMap((cell) => cell.config.prompts))] : config.prompts;

/**
 * One warning for each of the first cut prompts, and the number of further ones. Empty if the base model is gone, which is reported
 * elsewhere.
 */
export async function cutPrompts({ baseModels }: ApiDependencies, config: GenerationConfig, base: string): Promise<string[]> {
  const entry = await baseModels.find(base);
  if (entry === null) return [];
  const { tokenizer, body } = entry;
  const told = (place: string, text: string): string[] => {
    const cut = tokenizer.cutOff(text);
    if (cut === '') return [];
    const shown = cut.length > SHOWN_CHARACTERS ? `${[...cut].slice(0, SHOWN_CHARACTERS).join('')}...` : cut;
    return [
      `${place}: the text encoder of ${body.name} reads ${tokenizer.maxLength} positions, and ignores '${shown}'; put what matters first`,
    ];
  };
  const warnings = [
    ...promptsOf(config).flatMap((prompt, index) => told(`/prompts/${index}`, prompt)),
    ...told('/negative_prompt', config.negative_prompt ?? ''),
  ];
  const more = warnings.length - MOST_WARNINGS;
  return more <= 0 ? warnings : [...warnings.slice(0, MOST_WARNINGS), `and ${more} more prompts that are cut`];
}
