// The words of a prompt that select a trained style.
import { z } from 'zod';
import { CAPTION_PLACEHOLDER, PROMPT_PLACE } from './placeholders.ts';
import type { BoundToken } from './placeholders.ts';

interface Styled {
  readonly style_ref: { readonly components: readonly (BoundToken & { readonly prompt: string })[] };
}

/** The style's words for the prompts of an evaluated model: see `evaluatedPrompt`. */
export function styleWords({ style_ref }: Styled): { prompt_prefix: string; tokens: BoundToken[] } {
  return { prompt_prefix: stylePrefix({ style_ref }), tokens: style_ref.components.map(({ name, token }) => ({ name, token })) };
}

export const promptTemplate = z
  .object({
    component: z.string().nullable().describe('Name of the component; null for all of them together'),
    template: z.string().describe('The prompt, with `{prompt}` for what the image shows'),
  })
  .meta({ id: 'PromptTemplate' });
export type PromptTemplate = z.infer<typeof promptTemplate>;

/** `a photo of zwx style, ukj style, {prompt}` for all components together, then one template for each if there are several. */
export function promptTemplates({ style_ref: { components } }: Styled): [PromptTemplate, ...PromptTemplate[]] {
  const of = (some: typeof components): string => withPromptPlace(stylePrefix({ style_ref: { components: some } }));
  const each = components.length > 1 ? components : [];
  return [{ component: null, template: of(components) }, ...each.map((one) => ({ component: one.name, template: of([one]) }))];
}

const withPromptPlace = (prefix: string): string =>
  prefix.includes(CAPTION_PLACEHOLDER) ? prefix.replaceAll(CAPTION_PLACEHOLDER, PROMPT_PLACE) : `${prefix}${PROMPT_PLACE}`;

/**
 * Words in front of each prompt, with the words that all components share once: `a photo of zwx style, ukj style, `. A caption placeholder
 * marks where the prompt goes.
 */
function stylePrefix({ style_ref: { components } }: Styled): string {
  const [first] = components;
  if (first === undefined) return '';
  if (first.prompt.includes(CAPTION_PLACEHOLDER)) return first.prompt;
  const shared = first.prompt.slice(0, first.prompt.indexOf(first.token));
  const parts = components.map(({ prompt, token }, index) =>
    index > 0 && shared !== '' && prompt.startsWith(shared + token) ? prompt.slice(shared.length) : prompt,
  );
  return `${parts.join(', ')}, `;
}
