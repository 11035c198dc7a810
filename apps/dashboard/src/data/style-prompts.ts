// Prompts that select a trained style: all of its components together, or one of them.
import type { TrainingJob } from '@styleforge/sdk';

export interface StylePrompt {
  /** Name of the component; '' for all of them together. */
  name: string;
  /** The prompt, with `{prompt}` for what the image shows. */
  template: string;
}

type Component = TrainingJob['config']['style_ref']['components'][number];

const withPlace = (text: string): string => (text.includes('[caption]') ? text.replace('[caption]', '{prompt}') : `${text}, {prompt}`);

/** The words of all components one after the other; what the first says before its token is said once. */
function together([first, ...others]: Component[]): string {
  if (!first) return '{prompt}';
  const shared = first.prompt.slice(0, first.prompt.indexOf(first.token));
  const rest = others.map(({ prompt, token }) => (prompt.startsWith(shared + token) ? prompt.slice(shared.length) : prompt));
  return withPlace([first.prompt, ...rest].join(', '));
}

export function stylePromptsOf(components: Component[]): StylePrompt[] {
  const all = { name: '', template: together(components) };
  return components.length > 1 ? [all, ...components.map(({ name, prompt }) => ({ name, template: withPlace(prompt) }))] : [all];
}

/** The prompt in the style of this name, or in all of the model's styles if it has none of this name. A prompt with placeholders stays. */
export function styled(styles: StylePrompt[], name: string, prompt: string): string {
  const style = styles.find((one) => one.name === name) ?? styles[0];
  return style && !prompt.includes('[') ? style.template.replace('{prompt}', () => prompt) : prompt;
}
