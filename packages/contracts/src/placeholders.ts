// Placeholders in prompts: `[V]` for the token of a style, `[name]` for that of the component of this name.

export const TOKEN_PLACEHOLDER = '[V]';

/** A component of a style, and the token that it is bound to. */
export interface BoundToken {
  name: string;
  token: string;
}

const placeholderOf = ({ name }: BoundToken) => `[${name}]`;

/** `[V]` becomes the first component's token, `[name]` that of the component of this name. Without components the prompt stays as it is. */
export function withTokens(prompt: string, components: readonly BoundToken[]): string {
  const [first] = components;
  if (first === undefined) return prompt;
  return components.reduce(
    (text, component) => text.replaceAll(placeholderOf(component), component.token),
    prompt.replaceAll(TOKEN_PLACEHOLDER, first.token),
  );
}

/** What an evaluated model is asked to draw: a prompt that names the style itself, by a placeholder, gets no words for it in front. */
export function evaluatedPrompt(
  prompt: string,
  { tokens, prompt_prefix }: { tokens: readonly BoundToken[]; prompt_prefix: string },
): string {
  const namesStyle =
    tokens.length > 0 && [TOKEN_PLACEHOLDER, ...tokens.map(placeholderOf)].some((placeholder) => prompt.includes(placeholder));
  return namesStyle ? withTokens(prompt, tokens) : prompt_prefix + prompt;
}

/** What follows the last part of the prompt that names a token, so that the style's own words are not judged; all of it where none is named or nothing follows. */
export function barePrompt(prompt: string, components: readonly BoundToken[]): string {
  const text = withTokens(prompt, components);
  const parts = text.split(',').map((part) => part.trim());
  const last = parts.findLastIndex((part) => part.split(/\s+/).some((word) => components.some(({ token }) => token === word)));
  if (last === -1 || last === parts.length - 1) return text;
  return parts.slice(last + 1).join(', ');
}
