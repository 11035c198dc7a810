// Tests whether people can name the subjects of generated images. `npm run pretrain:recognition -- MODEL DIRECTORY [MINI_CLIP]` generates
// the images, numbered, with a key file: captions of the training set, held-out combinations of subject and style, held-out pairs of two
// subjects, and subjects in places. mini-clip names those with one subject, too.
import { permutation } from '@styleforge/diffusion';
import { openExtractor, type RgbImage } from '@styleforge/metrics';
import {
  baseStyles,
  captionOf,
  contactSheet,
  drawCaption,
  isHeldOut,
  isHeldOutPair,
  listCoreSubjects,
  places as scenePlaces,
  sceneCaptionOf,
  type BaseStyleId,
  type Scene,
  type Subject,
} from '@styleforge/samples';
import { generateImages } from '@styleforge/styleforge';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandLine, refuseCall } from '../command-line.ts';
import { placesOf } from '../mini-clip/places.ts';

interface Question {
  /** Absent if there are several. */
  readonly subject?: Subject;
  readonly prompt: string;
}

const QUESTIONS = 48;
const SCENES = 24;
const COLUMNS = 12;
const SEED = 48;
const SAMPLING = { sampler: 'ddim', steps: 30, guidanceScale: 5 } as const;

/** A training caption that names the subject and the style: other captions have no right subject. */
function captionThatNames(subject: Subject, style: BaseStyleId, key: string): string {
  const named = captionOf(subject, style);
  const word = named.slice(named.indexOf(', ') + 2, -' style'.length);
  for (let attempt = 0; ; attempt++) {
    const caption = drawCaption(subject, style, `${key}/${attempt}`);
    if (caption.includes(subject.name) && caption.includes(word)) return caption;
  }
}

function listQuestions(heldOut: boolean): Question[] {
  const pairs = listCoreSubjects()
    .flatMap((subject) => baseStyles.map((style) => ({ subject, style })))
    .filter(({ subject, style }) => isHeldOut(subject, style) === heldOut);
  return [...permutation({ seed: SEED, step: 0, purpose: 'recognition' }, pairs.length).subarray(0, QUESTIONS)].map((index) => {
    const { subject, style } = pairs[index];
    return { subject, prompt: heldOut ? captionOf(subject, style) : captionThatNames(subject, style, `recognition/${index}`) };
  });
}

/** Pairs that training never shows together, or one subject in a place; both in a style that training shows them in. */
function listSceneQuestions(kind: 'pairs' | 'places'): Question[] {
  const subjects = listCoreSubjects();
  const scenes = baseStyles.flatMap((style) => {
    const shown = subjects.filter((subject) => !isHeldOut(subject, style));
    return shown.flatMap((first): Scene[] =>
      kind === 'places'
        ? scenePlaces.map((place) => ({ style, subjects: [first], place }))
        : shown.flatMap((second) => (second !== first && isHeldOutPair(first, second) ? [{ style, subjects: [first, second] }] : [])),
    );
  });
  const order = permutation({ seed: SEED, step: 0, purpose: `recognition-${kind}` }, scenes.length);
  return [...order.subarray(0, SCENES)].map((index) => ({ prompt: sceneCaptionOf(scenes[index]) }));
}

async function draw(model: string, questions: readonly Question[]): Promise<RgbImage[]> {
  const images: RgbImage[] = [];
  await generateImages({
    modelDirectory: model,
    ...SAMPLING,
    seed: SEED,
    prompts: questions.map(({ prompt }) => prompt),
    onImage: ({ rgb, width, height }) => void images.push({ rgb, width, height }),
  });
  return images;
}

function numbered(images: readonly RgbImage[]): Promise<Buffer> {
  const rows = Array.from({ length: Math.ceil(images.length / COLUMNS) }, (_, row) => ({
    label: `${row * COLUMNS + 1} to ${Math.min(images.length, (row + 1) * COLUMNS)}`,
    images: images.slice(row * COLUMNS, (row + 1) * COLUMNS),
  }));
  return contactSheet({ rows });
}

const PROGRAM = {
  usage: 'npm run pretrain:recognition -- MODEL DIRECTORY [MINI_CLIP]',
  about:
    'Generates numbered images that a person is asked to name, with the key in a text file. The folder MINI_CLIP adds what mini-clip sees.',
  allowPositionals: true,
  options: {},
} as const;
const [model, directory, miniClip] = readCommandLine(PROGRAM).positionals;
if (model === undefined || directory === undefined) refuseCall(PROGRAM, 'name the model folder and the folder to write to');
await mkdir(directory, { recursive: true });
const extractor = miniClip === undefined ? null : await openExtractor({ name: 'mini-clip', weights: { path: miniClip } });
const sets: Record<string, Question[]> = {
  training: listQuestions(false),
  'held-out': listQuestions(true),
  pairs: listSceneQuestions('pairs'),
  places: listSceneQuestions('places'),
};
for (const [name, questions] of Object.entries(sets)) {
  const images = await draw(model, questions);
  await writeFile(join(directory, `${name}.png`), await numbered(images));
  const places = await miniClipPlaces(questions, images);
  const key = questions.map(({ prompt }, i) => `${i + 1}. ${prompt}${places ? ` (mini-clip's place ${places[i]})` : ''}`);
  await writeFile(join(directory, `${name}.txt`), `${key.join('\n')}\n`);
  console.log(`${name}: ${questions.length} images${places ? `; ${shareNamed(places)}` : ''}`);
}
await extractor?.release();

/** Place of each right name among all names for mini-clip; null without mini-clip, or if an image shows several subjects. */
async function miniClipPlaces(questions: readonly Question[], images: readonly RgbImage[]): Promise<number[] | null> {
  const names = listCoreSubjects().map((subject) => subject.name);
  const named = questions.flatMap(({ subject }, i) => (subject ? [{ image: images[i], name: subject.name }] : []));
  return extractor && named.length > 0 ? placesOf(extractor, named, names) : null;
}

function shareNamed(places: readonly number[]): string {
  const share = (most: number): string => `${((100 * places.filter((place) => place <= most).length) / places.length).toFixed(0)} %`;
  return `mini-clip puts the right name first for ${share(1)}, among five for ${share(5)}`;
}
