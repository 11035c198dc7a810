// Captions of images, in the templates that training, StyleForge prompts and evaluation use.
import { hashKey, unitOf } from './random.ts';
import type { StyleId } from './styles.ts';
import { styleOf } from './styles.ts';
import type { Subject } from './subjects.ts';

type NamedSubject = Pick<Subject, 'name' | 'isPerson'>;

interface Template {
  readonly weight: number;
  readonly personsOnly?: boolean;
  write(name: string, word: string): string;
}

/**
 * Caption templates. "a photo of <word> style, <name>" is the form of StyleForge's inference prompt, "a photo of <word> style" that of its
 * StyleRef prompt, and "a photo of style" that of its Aux prompt. The base model has therefore seen the forms that personalisation starts
 * from. Templates without the style's word separate the subject from the style.
 */
const templates: readonly Template[] = [
  { weight: 44, write: (name, word) => `${name}, ${word} style` },
  { weight: 32, write: (name, word) => `a photo of ${word} style, ${name}` },
  { weight: 5, write: (name, word) => `${article(name)} in ${word} style` },
  { weight: 3, write: (name, word) => `a ${word} style picture of ${article(name)}` },
  { weight: 4, write: (name) => `a photo of ${article(name)}` },
  { weight: 3, write: (name) => name },
  { weight: 3, write: (_, word) => `a photo of ${word} style` },
  { weight: 3, personsOnly: true, write: (_, word) => `a photo of ${word} style, person` },
  { weight: 2, write: () => 'a photo of style' },
];

/** The caption that evaluation requests: subject and style, in the most frequent form. */
export function captionOf(subject: NamedSubject, style: StyleId): string {
  return templates[0]!.write(subject.name, styleOf(style).word);
}

/** Every caption that training can give the image, except the empty one. */
export function captionVariants(subject: NamedSubject, style: StyleId): string[] {
  return usable(subject).map((template) => template.write(subject.name, styleOf(style).word));
}

export interface CaptionDraw {
  /** Share of captions that are '', for classifier-free guidance. */
  readonly emptyShare?: number;
  /** Share of captions in which one of `unknownWords` replaces the style's word. */
  readonly unknownShare?: number;
  readonly unknownWords?: readonly string[];
}

/** The caption that `key` chooses at random, by the weights of the templates. */
export function drawCaption(subject: NamedSubject, style: StyleId, key: string, choice: CaptionDraw = {}): string {
  const word = drawStyleWord(style, key, choice);
  if (word === null) return '';
  const candidates = usable(subject);
  const total = candidates.reduce((sum, template) => sum + template.weight, 0);
  let at = hashKey(`${key}/template`) % total;
  for (const template of candidates) {
    if (at < template.weight) return template.write(subject.name, word);
    at -= template.weight;
  }
  throw new Error(`caption weights do not add up for ${subject.name}`);
}

/** The word that names the style in the caption that `key` chooses, or null if the caption is empty. */
export function drawStyleWord(style: StyleId, key: string, choice: CaptionDraw): string | null {
  const { emptyShare = 0, unknownShare = 0, unknownWords = [] } = choice;
  if (unitOf(`${key}/empty`) < emptyShare) return null;
  const unknown = unitOf(`${key}/unknown`) < unknownShare;
  return unknown ? unknownWords[hashKey(`${key}/word`) % unknownWords.length]! : styleOf(style).word;
}

function usable(subject: NamedSubject): Template[] {
  return templates.filter((template) => subject.isPerson || !template.personsOnly);
}

const uncountable =
  /((?<![sui])s|water|lightning|people|men|women|wood|snow|rain|bread|rice|butter|salt|money|soap|coral|seedling|garlic|bacon|sushi|popcorn|spaghetti|skis|tennis|dna)$|^(people|men|women|two|hundred) /;

function article(name: string): string {
  if (uncountable.test(name)) return name;
  return `${/^[aeiou]/.test(name) && !/^(uni|euro|one)/.test(name) ? 'an' : 'a'} ${name}`;
}
