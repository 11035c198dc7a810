// Sample styles: the StyleRef and Aux images for a StyleForge job, rendered deterministically as PNG.
import type { Licence } from './licences.ts';
import { licenceOf } from './licences.ts';
import { captionOf } from './captions.ts';
import { hashKey } from './random.ts';
import { renderPng } from './render.ts';
import type { Style, StyleId } from './styles.ts';
import { isStyleId, listStyles, styleOf } from './styles.ts';
import type { Subject } from './subjects.ts';
import { listSubjects } from './subjects.ts';

export type SampleComponent = 'person' | 'background';

export interface SampleImage {
  readonly fileName: string;
  readonly png: Buffer;
  readonly caption: string;
  readonly component: SampleComponent;
  readonly subject: string;
}

export interface SampleStyle extends Style {
  readonly licence: Licence;
}

export interface SampleOptions {
  /** Default: 64. */
  size?: number;
}

/** Persons of the StyleRef images: ten faces that differ in hair, hat and job. */
const styleRefPersons = [
  'man',
  'woman with red hair',
  'old man',
  'princess',
  'police officer',
  'woman cook',
  'man artist',
  'girl',
  'woman astronaut',
  'santa claus',
];
const styleRefOthers = [
  'house with garden',
  'cat face',
  'red apple',
  'automobile',
  'evergreen tree',
  'fish',
  'hot beverage',
  'guitar',
  'castle',
  'sunflower',
];
const auxCount = 20;

/** Subjects with whole figures in motion, which are not used as Aux images: those are portraits. */
const wholeFigure =
  /ing\b|dancer|bunny|wheelchair|cane|lotus|polo|handball|levitating|in bed|steamy|pregnant|racing|ski|snowboard|mer(maid|man|person)|deaf/;

export function listSampleStyles(): SampleStyle[] {
  return listStyles().map((style) => ({ ...style, licence: licenceOf(style.packageName) }));
}

/** The 20 StyleRef images of a target style (10 persons, 10 others), or 20 Aux images of persons in a base style. */
export async function sampleStyle(name: string, options: SampleOptions = {}): Promise<SampleImage[]> {
  if (!isStyleId(name)) {
    throw new Error(
      `there is no sample style ${name}: choose one of ${listStyles()
        .map(({ id }) => id)
        .join(', ')}`,
    );
  }
  return draw(name, styleOf(name).role === 'base' ? auxSubjects() : styleRefSubjects(), options);
}

/** Images of a style that are not StyleRef images: the reference set of FID and KID. Returns all of them, or the first `limit`. */
export async function referenceSet(style: StyleId, options: SampleOptions & { limit?: number } = {}): Promise<SampleImage[]> {
  const taken = new Set(styleRefSubjects().map(({ id }) => id));
  const rest = inSeededOrder(
    listSubjects().filter(({ id }) => !taken.has(id)),
    'reference',
  );
  return draw(style, rest.slice(0, options.limit), options);
}

export function styleRefSubjects(): Subject[] {
  const byName = new Map(listSubjects().map((subject) => [subject.name, subject]));
  return [...styleRefPersons, ...styleRefOthers].map((name) => {
    const subject = byName.get(name);
    if (!subject) throw new Error(`the StyleRef subject "${name}" is not among listSubjects(): replace it`);
    return subject;
  });
}

function auxSubjects(): Subject[] {
  const taken = new Set(styleRefSubjects().map(({ id }) => id));
  const persons = listSubjects().filter(({ id, name, isPerson }) => isPerson && !taken.has(id) && !wholeFigure.test(name));
  return inSeededOrder(persons, 'aux').slice(0, auxCount);
}

function inSeededOrder(subjects: Subject[], seed: string): Subject[] {
  return subjects.sort((a, b) => hashKey(`${seed}/${a.id}`) - hashKey(`${seed}/${b.id}`));
}

async function draw(style: StyleId, subjects: readonly Subject[], { size = 64 }: SampleOptions): Promise<SampleImage[]> {
  const images: SampleImage[] = [];
  for (const subject of subjects) {
    const component = subject.isPerson ? 'person' : 'background';
    const fileName = `${style}-${component}-${subject.id}.png`;
    const caption = captionOf(subject, style);
    images.push({ fileName, png: await renderPng(style, subject, { size }), caption, component, subject: subject.name });
  }
  return images;
}
