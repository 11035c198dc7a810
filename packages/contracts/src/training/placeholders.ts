// Placeholders in prompts: `[V]` for the token of a style, `[name]` for that of the component of this name.

export const TOKEN_PLACEHOLDER = '[V]';

/** Stands in a component's prompt for the caption of each image: the content without the style. */
export const CAPTION_PLACEHOLDER = '[caption]';
/** What an image without a caption shows. */
const UNKNOWN_CONTENT = 'an image';

/** What an image is trained with: its caption in the place that the prompt has for it, else after the prompt. */
export function captionedPrompt(prompt: string, caption: string | null | undefined): string {
  if (prompt.includes(CAPTION_PLACEHOLDER)) return prompt.replaceAll(CAPTION_PLACEHOLDER, () => caption || UNKNOWN_CONTENT);
  return caption ? `${prompt}, ${caption}` : prompt;
}

/** A component of a style, and the token that it is bound to. */
export interface BoundToken {
  name: string;
  token: string;
}

export const placeholderOf = ({ name }: Pick<BoundToken, 'name'>): string => `[${name}]`;

/** `[V]` becomes the first component's token, `[name]` that of the component of this name. Without components the prompt stays as it is. */
export function withTokens(prompt: string, components: readonly BoundToken[]): string {
  const [first] = components;
  if (first === undefined) return prompt;
  const tokens = new Map([
    ...components.map((component) => [placeholderOf(component), component.token] as const),
    [TOKEN_PLACEHOLDER, first.token],
  ]);
  // What has been put in is not looked at again, and no part of it means anything but itself.
  return prompt
    .split(/(\[[^[\]]*\])/)
    .map((part) => tokens.get(part) ?? part)
    .join('');
}

const wordCharacter = /[\p{L}\p{N}]/u;

/** Whether the prompt has the token as a word of its own: no letter or digit adjoins a token that begins or ends with one. */
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

/** The prompt of an evaluated model's image. A prompt that names the style itself, by a placeholder, gets no words for it in front. */
export function evaluatedPrompt(
  prompt: string,
  { tokens, prompt_prefix }: { tokens: readonly BoundToken[]; prompt_prefix: string },
): string {
  const namesStyle =
    tokens.length > 0 && [TOKEN_PLACEHOLDER, ...tokens.map(placeholderOf)].some((placeholder) => prompt.includes(placeholder));
  if (namesStyle) return withTokens(prompt, tokens);
  return prompt_prefix.includes(CAPTION_PLACEHOLDER) ? captionedPrompt(prompt_prefix, prompt) : prompt_prefix + prompt;
}

/** What follows the last part of the prompt that names a token, so that the style's own words are not judged; all of it where none is named or nothing follows. */
export function barePrompt(prompt: string, components: readonly BoundToken[]): string {
  const text = withTokens(prompt, components);
  const parts = text.split(',').map((part) => part.trim());
  const last = parts.findLastIndex((part) => components.some(({ token }) => namesToken(part, token)));
  if (last === -1 || last === parts.length - 1) return text;
  return parts.slice(last + 1).join(', ');
}
