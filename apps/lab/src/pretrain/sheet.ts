// A sheet of images that a snapshot generates for fixed prompts and seeds.
import { type SamplerName } from '@styleforge/diffusion';
import { baseStyles, captionOf, contactSheet, listSubjects, styleOf, type StyleId } from '@styleforge/samples';
import { generateImages } from '@styleforge/styleforge';
import { writeFile } from 'node:fs/promises';

const SUBJECTS = [
  'dog',
  'strawberry',
  'man',
  'astronaut',
  'old woman',
  'house',
  'automobile',
  'octopus',
  'sunflower',
  'hamburger',
  'police officer',
  'santa claus',
];

export interface SheetOptions {
  readonly modelDirectory: string;
  readonly path: string;
  readonly steps?: number;
  readonly guidanceScale?: number;
  readonly sampler?: SamplerName;
}

/** One row per base style, one column per subject; the same seed for a subject in every style. */
export async function writeSheet({ modelDirectory, path, steps = 20, guidanceScale = 4, sampler = 'ddim' }: SheetOptions): Promise<void> {
  const known = listSubjects();
  const subjects = SUBJECTS.flatMap((name) => known.filter((subject) => subject.name === name).slice(0, 1));
  const rows: { label: string; images: { rgb: Uint8Array; width: number; height: number }[] }[] = [];
  for (const style of baseStyles as readonly StyleId[]) {
    const images: (typeof rows)[number]['images'] = [];
    await generateImages({
      modelDirectory,
      steps,
      guidanceScale,
      sampler,
      seed: 7,
      prompts: subjects.map((subject) => captionOf(subject, style)),
      onImage: ({ rgb, width, height }) => void images.push({ rgb, width, height }),
    });
    rows.push({ label: styleOf(style).word, images });
  }
  await writeFile(path, await contactSheet({ rows, columnLabels: subjects.map(({ name }) => name) }));
}
