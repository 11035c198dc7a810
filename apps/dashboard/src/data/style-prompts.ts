// Prompts that select a trained style: all of its components together, or one of them.
import type { TrainingJob } from '@styleforge/sdk';

export interface StylePrompt {
  /** Name of the component; '' for all of them together. */
  name: string;
  /** The prompt, with `{prompt}` for what the image shows. */
  template: string;
}

export const stylePromptsOf = ({ prompt_templates: templates }: Pick<TrainingJob, 'prompt_templates'>): StylePrompt[] =>
  templates.map(({ component, template }) => ({ name: component ?? '', template }));

/** The prompt in the style of this name, or in all of the model's styles if it has none of this name. A prompt with placeholders stays. */
export function styled(styles: StylePrompt[], name: string, prompt: string): string {
  const style = styles.find((one) => one.name === name) ?? styles[0];
  return style && !prompt.includes('[') ? style.template.replace('{prompt}', () => prompt) : prompt;
}
