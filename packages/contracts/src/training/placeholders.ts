// Placeholders in prompts: `[V]` for the token of a style, `[name]` for that of the component of this name.

export const TOKEN_PLACEHOLDER = '[V]';

/** Placeholder in a component's prompt for the caption of each image, which describes its content without its style. */
export const CAPTION_PLACEHOLDER = '[caption]';
/** The place in a prompt template for the description of the image. */
export const PROMPT_PLACE = '{prompt}';
/** The content of an image without a caption. */
const UNKNOWN_CONTENT = 'an image';

/** The prompt that an image is trained with: the caption replaces the placeholder, or follows the prompt if there is none. */
export function captionedPrompt(prompt: string, caption: string | null | undefined): string {
  if (prompt.includes(CAPTION_PLACEHOLDER)) return prompt.replaceAll(CAPTION_PLACEHOLDER, () => caption || UNKNOWN_CONTENT);
  return caption ? `${prompt}, ${caption}` : prompt;
}

/** A component of a style, and its token. */
export interface BoundToken {
  name: string;
  token: string;
}

export const placeholderOf = ({ name }: Pick<BoundToken, 'name'>): string => `[${name}]`;

/**
 * Replaces `[V]` by the first component's token, and `[name]` by that of the component of this name. Without components the prompt does not
 * change.
 */
export function withTokens(prompt: string, components: readonly BoundToken[]): string {
  const [first] = components;
  if (first === undefined) return prompt;
  const tokens = new Map([
    ...components.map((component) => [placeholderOf(component), component.token] as const),
    [TOKEN_PLACEHOLDER, first.token],
  ]);
  // Inserted text is not searched for placeholders, and its special characters have no meaning.
  return prompt
    .split(/(\[[^[\]]*\])/)
    .map((part) => tokens.get(part) ?? part)
    .join('');
}

const wordCharacter = /[\p{L}\p{N}]/u;

/**
 * Whether the prompt contains the token as a separate word. A token that begins or ends with a letter or digit must not touch another one
 * there.
 */
export function namesToken(prompt: string, token: string): boolean {
  if (token === '') return false;
  const continues = (inner: string | undefined, outer: string | undefined): boolean =>
    inner !== undefined && outer !== undefined && wordCharacter.test(inner) && wordCharacter.test(outer);
  const letters = [...token];
  for (let at = prompt.indexOf(token); at >= 0; at = prompt.indexOf(token, at + 1)) {
    const [before, after] = [[...prompt.slice(0, at)].at(-1), [...prompt.slice(at + token.length)][0]];
    if (!continues(letters[0], before) && !continues(letters.at(-1), after)) return true;
  }
  return false;
}

/** The prompt of an evaluated model's image. The style's own words are put in front, unless the prompt names the style by a placeholder. */
export function evaluatedPrompt(
  prompt: string,
  { tokens, prompt_prefix }: { tokens: readonly BoundToken[]; prompt_prefix: string },
): string {
  const namesStyle =
    tokens.length > 0 && [TOKEN_PLACEHOLDER, ...tokens.map(placeholderOf)].some((placeholder) => prompt.includes(placeholder));
  if (namesStyle) return withTokens(prompt, tokens);
  return prompt_prefix.includes(CAPTION_PLACEHOLDER) ? captionedPrompt(prompt_prefix, prompt) : prompt_prefix + prompt;
}

/**
 * The part of the prompt after the last token, so that the style's own words are not judged; the whole prompt if it has no token or nothing
 * follows.
 */
export function barePrompt(prompt: string, components: readonly BoundToken[]): string {
  const text = withTokens(prompt, components);
  const parts = text.split(',').map((part) => part.trim());
  const last = parts.findLastIndex((part) => components.some(({ token }) => namesToken(part, token)));
  if (last === -1 || last === parts.length - 1) return text;
  return parts.slice(last + 1).join(', ');
}
