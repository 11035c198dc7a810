// Finds prompt syntax of other programs, which has no effect here and is read as words.
import type { GenerationConfig } from '@styleforge/contracts';
import { promptsOf } from './cut-prompts.ts';

interface Syntax {
  readonly pattern: RegExp;
  readonly meaning: string;
}

/** Prompt syntax of A1111 and related programs: `<lora:ink:0.8>` and `(a house:1.3)`. */
const SYNTAXES: readonly Syntax[] = [
  { pattern: /<(?:lora|lyco|hypernet):[^<>]*>/i, meaning: 'is read as words and loads no adapter; name adapters in `adapters`' },
  { pattern: /\([^()]*:\s*\d+(?:\.\d+)?\s*\)/, meaning: 'is read as words and a number; words have no weights here' },
];

/** One warning for each syntax, about its first occurrence. */
export function foreignSyntax(config: GenerationConfig): string[] {
  const places = [
    ...promptsOf(config).map((text, index) => ({ place: `/prompts/${index}`, text })),
    { place: '/negative_prompt', text: config.negative_prompt ?? '' },
  ];
  return SYNTAXES.flatMap(({ pattern, meaning }) => {
    const found = places.find(({ text }) => pattern.test(text));
    return found ? [`${found.place}: '${pattern.exec(found.text)?.[0]}' ${meaning}`] : [];
  });
}
