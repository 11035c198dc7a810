// StyleRef and Aux images of a cell: which subjects, in how many components, and in which style.
import {
  listCoreSubjects,
  renderPng,
  sampleStyle,
  styleRefSubjects,
  listSubjects,
  type SampleImage,
  type StyleId,
} from '@styleforge/samples';
import type { AuxPart, StyleRefPart, TrainingImage } from '@styleforge/styleforge';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cell, Mix } from './cells.ts';
import { METHODS } from './methods.ts';
import { MULTI_TOKENS, promptOf, stylePrompt } from './prompts.ts';

const AUX_STYLE = 'fluent';

export interface DataFolder {
  readonly directory: string;
  /** Side of the images in pixels. */
  readonly size: number;
  /** Names of the subjects that the reference images show. No additional image shows one of them. */
  readonly referenceSubjects: ReadonlySet<string>;
}

type WrittenImage = SampleImage & { path: string };

export async function writeImages(directory: string, images: readonly SampleImage[]): Promise<WrittenImage[]> {
  await mkdir(directory, { recursive: true });
  return Promise.all(
    images.map(async (image) => {
      const path = join(directory, image.fileName);
      await writeFile(path, image.png);
      return { ...image, path };
    }),
  );
}

const inputs = (images: readonly WrittenImage[]): TrainingImage[] => images.map(({ path, subject }) => ({ path, caption: subject }));

/** Images of `style` whose subjects occur neither in `images`, nor in prompts, nor in reference images. */
async function additionalImages(style: StyleId, images: readonly SampleImage[], count: number, { size, referenceSubjects }: DataFolder) {
  const taken = new Set([...referenceSubjects, ...[...images, ...styleRefSubjects(), ...listCoreSubjects()].map(nameOf)]);
  const isWanted = new Set(images.map(({ component }) => component));
  const componentOf = (isPerson: boolean) => (isPerson ? ('person' as const) : ('background' as const));
  const free = listSubjects().filter(({ name, isPerson }) => !taken.has(name) && isWanted.has(componentOf(isPerson)));
  const stride = free.length / count;
  return Promise.all(
    Array.from({ length: count }, async (_, i): Promise<SampleImage> => {
      const { id, name, isPerson } = free[Math.floor(i * stride)]!;
      const component = componentOf(isPerson);
      const png = await renderPng(style, listSubjects().find((subject) => subject.id === id)!, { size });
      return { fileName: `${style}-${component}-${id}.png`, png, caption: name, component, subject: name };
    }),
  );
}

const nameOf = (image: { name: string } | { subject: string }): string => ('name' in image ? image.name : image.subject);

/** `count` images: evenly spaced ones of the style's own sample images, or all of those and additional ones. */
async function imagesOf(style: StyleId, count: number, folder: DataFolder): Promise<WrittenImage[]> {
  const sample = await sampleStyle(style, { size: folder.size });
  const images =
    count <= sample.length
      ? Array.from({ length: count }, (_, i) => sample[Math.floor((i * sample.length) / count)]!)
      : [...sample, ...(await additionalImages(style, sample, count - sample.length, folder))];
  return writeImages(join(folder.directory, 'images', `${style}-${count}`), images);
}

const FEMALE = /woman|girl|princess/;
const NATURE = /cat|apple|tree|fish|sunflower/;
const isPerson = ({ component }: SampleImage): boolean => component === 'person';

/** The components of Multi-StyleForge by their number: persons and things, then things and persons divided once more. */
const COMPONENTS: Readonly<Record<2 | 3 | 4, Readonly<Record<string, (image: SampleImage) => boolean>>>> = {
  2: { person: isPerson, background: (image) => !isPerson(image) },
  3: {
    person: isPerson,
    nature: (image) => !isPerson(image) && NATURE.test(image.subject),
    thing: (image) => !isPerson(image) && !NATURE.test(image.subject),
  },
  4: {
    woman: (image) => isPerson(image) && FEMALE.test(image.subject),
    man: (image) => isPerson(image) && !FEMALE.test(image.subject),
    nature: (image) => !isPerson(image) && NATURE.test(image.subject),
    thing: (image) => !isPerson(image) && !NATURE.test(image.subject),
  },
};

function isOfMix(mix: Mix, image: SampleImage): boolean {
  return mix === 'both' || isPerson(image) === (mix === 'persons');
}

export async function styleRefParts(cell: Cell, folder: DataFolder): Promise<StyleRefPart[]> {
  const { style, method, mix, styleImages = 20, components = 2 } = cell;
  const images = await imagesOf(style, styleImages, folder);
  const bind = (component: string, token: string, kept: readonly WrittenImage[]): StyleRefPart => ({
    component,
    token,
    prompt: method === 'styledrop' ? promptOf(cell, false) : stylePrompt(`${token} style`),
    images: inputs(kept),
  });
  if (method === 'multi-styleforge')
    return Object.entries(COMPONENTS[components]).map(([component, belongs], i) =>
      bind(component, MULTI_TOKENS[i]!, images.filter(belongs)),
    );
  const token = method === 'base' ? '' : METHODS[method].token;
  return [
    bind(
      'all',
      token,
      images.filter((image) => isOfMix(mix, image)),
    ),
  ];
}

export async function auxPart({ auxStyle = AUX_STYLE, auxImages = 20 }: Cell, folder: DataFolder): Promise<AuxPart> {
  return { prompt: stylePrompt('style'), images: inputs(await imagesOf(auxStyle, auxImages, folder)) };
}
