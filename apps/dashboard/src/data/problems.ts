// What is wrong with which field of a request, in the words of the page.
import { APIError, type FieldError } from '@styleforge/sdk';

/** What forms call parts of a request. Empty: the part has no name of its own. */
const WORDS: Readonly<Record<string, string>> = {
  adapters: 'Adaptation',
  aux: 'Aux images',
  components: 'Component',
  dataset_id: '',
  every_steps: 'Steps between samples',
  events: 'Event',
  grid: '',
  guidance_scale: 'Guidance',
  images: 'Image',
  job: '',
  num_images: 'Images of each',
  prompts: 'Prompt',
  scopes: 'Scope',
  style_ref: 'Style images',
  styledrop: 'StyleDrop',
  url: 'Address',
  urls: 'URL',
  validation: 'Sample images',
  values: 'Value',
  x: 'Grid across',
  y: 'Grid down',
};
/** Settings of a training, whose fields have the names of the request. */
const NAMED = /^(?:\/job)?\/(?:hyperparameters\/|early_stopping|webhook_|priority|suffix)/;

const isPlace = (part: string): boolean => /^\d+$/.test(part);
const wordOf = (part: string): string => WORDS[part] ?? (part.charAt(0).toUpperCase() + part.slice(1)).replaceAll('_', ' ');
const inSentence = (word: string): string => (/^[A-Z][a-z]+(?: |$)/.test(word) ? word.charAt(0).toLowerCase() + word.slice(1) : word);

/** `/validation/prompts/1` is the second prompt of the sample images; a part that is a list counts from 1. */
export function fieldName(pointer: string): string {
  const parts = pointer.slice(1).split('/');
  const isNamed = NAMED.test(pointer);
  const names = parts.flatMap((part, at) => {
    if (isPlace(part) || (isNamed && ['job', 'hyperparameters'].includes(part))) return [];
    const next = parts[at + 1] ?? '';
    const word = isNamed ? part : wordOf(part);
    return word === '' ? [] : isPlace(next) ? `${word} ${Number(next) + 1}` : word;
  });
  return names.map((name, at) => (at === 0 || isNamed ? name : inSentence(name))).join(', ') || 'The request';
}

export const problemOf = ({ pointer, detail }: FieldError): string => `${fieldName(pointer)}: ${detail}`;

/** A warning of the service, which begins with the pointer to a field, in the words of the page. */
export function warningText(warning: string): string {
  const [, pointer, detail] = /^(\/\S*): (.*)$/s.exec(warning) ?? [];
  return pointer !== undefined && detail !== undefined ? problemOf({ pointer, detail }) : warning;
}

export const errorsOf = (error: unknown): FieldError[] => (error instanceof APIError ? error.errors : []);

/** What is wrong at the field itself, and at its entries by their places. */
export function problemsAt(errors: FieldError[], at: string): string | undefined {
  const name = at.slice(at.lastIndexOf('/'));
  const problems = errors.flatMap(({ pointer, detail }) => {
    if (pointer === at) return [detail];
    return pointer.startsWith(`${at}/`) ? [problemOf({ pointer: name + pointer.slice(at.length), detail })] : [];
  });
  return problems.length === 0 ? undefined : [...new Set(problems)].slice(0, 3).join('; ');
}
