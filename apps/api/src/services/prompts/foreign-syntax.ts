// Finds prompt syntax of other programs, which has no effect here and is read as words.
import type { GenerationConfig } from '@styleforge/contracts';
import { promptsOf } from './cut-prompts.ts';

interface Syntax {
  readonly pattern: RegExp;
  readonly meaning: string;
}

const NO_ADAPTER = 'is read as words and loads no adapter; name adapters in `adapters`';

/** Prompt syntax of A1111, ComfyUI and related programs, such as `<lora:ink:0.8>` and `(a house:1.3)`. */
const SYNTAXES: readonly Syntax[] = [
  { pattern: /<(?:lora|lyco|hypernet):[^<>]*>/i, meaning: NO_ADAPTER },
  { pattern: /\bembedding:[\w.-]+/i, meaning: NO_ADAPTER },
  { pattern: /\([^()]*:\s*\d+(?:\.\d+)?\s*\)/, meaning: 'is read as words and a number; words have no weights here' },
  { pattern: /\(\([^()]+\)\)/, meaning: 'is read as words; words have no weights here' },
  { pattern: /\[[^[\]]*:[^[\]]*:\s*\d+(?:\.\d+)?\s*\]/, meaning: 'is read as words; prompts do not change between steps here' },
  { pattern: /(?<=^|[\s,])BREAK(?=$|[\s,])/, meaning: 'is read as a word; prompts are not divided here' },
  { pattern: /(?<=\s)AND(?=\s)/, meaning: 'is read as a word; prompts are not combined here' },
  { pattern: /\{[^{}|]*\|[^{}]*\}|__[\w/-]+__/, meaning: 'is read as words; nothing is chosen here, list several prompts' },
];

/** One warning for each syntax, about its first occurrence. The texts are short, so that the patterns end soon. */
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
