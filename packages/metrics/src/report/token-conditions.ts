// Prompts that test a style's tokens: without any token, with each one alone, and with all together.

export interface BoundComponent {
  readonly name: string;
  /** Its training prompt, such as `a photo of zwx style`. */
  readonly prompt: string;
  readonly token: string;
}

export interface TokenCondition {
  /** Names of the components whose tokens are in the prompt. */
  readonly components: readonly string[];
  /** Text before the bare prompt; empty without tokens. */
  readonly prefix: string;
}

/** Removes the words before the token that this prompt shares with the first one, so that they appear once. */
function withoutSharedStart({ prompt, token }: BoundComponent, first: BoundComponent): string {
  const start = first.prompt.slice(0, first.prompt.indexOf(first.token));
  return start !== '' && prompt.startsWith(start + token) ? prompt.slice(start.length) : prompt;
}

/** The text before a bare prompt: `a photo of zwx style, ukj style`, as the method joins its components. */
function prefixOf(components: readonly BoundComponent[]): string {
  return components.map((component, i) => (i === 0 ? component.prompt : withoutSharedStart(component, components[0]!))).join(', ');
}

export function tokenConditions(components: readonly BoundComponent[]): TokenCondition[] {
  const groups = [[], ...components.map((component) => [component]), components];
  return groups.map((group) => ({ components: group.map(({ name }) => name), prefix: prefixOf(group) }));
}

export function promptUnder({ prefix }: TokenCondition, prompt: string): string {
  return prefix === '' ? prompt : `${prefix}, ${prompt}`;
}
