// One cell: train by the public trainer, draw the prompts, measure against the style's other images.
import { CAPTION_PLACEHOLDER, captionedPrompt } from '@styleforge/contracts';
import {
  directoryCache,
  imageArrays,
  imageFiles,
  measureImages,
  type ImageSet,
  type FeatureExtractor,
  type MetricBlock,
  type RgbImage,
} from '@styleforge/metrics';
import { listCoreSubjects, referenceSet, sampleStyle, styleRefSubjects, type SampleImage, type StyleId } from '@styleforge/samples';
import { generateImages, trainStyleForge, type StyleRefPart, type TrainingImage } from '@styleforge/styleforge';
import { joinWithBase } from '@styleforge/weights';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import sharp from 'sharp';
import { trainingKey, type Cell, type Mix } from './cells.ts';
import { hyperparametersOf, METHODS, type Method, type ProfileSettings } from './methods.ts';

export interface CellRunner {
  readonly baseModelDirectory: string;
  readonly directory: string;
  readonly extractor: FeatureExtractor;
  /** Judges style alone; its KID comes first. */
  readonly styleJudge: FeatureExtractor;
  readonly threads?: number;
  /** Drawn of each model. */
  readonly pictures: number;
  readonly referencePictures: number;
  /** Sampling steps of one image; the model's own when left out. */
  readonly samplingSteps?: number;
  /** StyleRef and Aux samples of a step, each; the model's own when left out. */
  readonly batchSize?: number;
  /** Each generated image is kept as PNG. */
  readonly keepsImages?: boolean | undefined;
  readonly log: (line: string) => void;
}

export interface CellResult {
  readonly cell: Cell;
  readonly block: MetricBlock;
  readonly seconds: number;
  /** Time of the training alone, and size of its result; absent for the base model. */
  readonly training?: { readonly seconds: number; readonly bytes: number };
}

interface BaseProfile extends ProfileSettings {
  readonly resolution: number;
  readonly generation: { steps: number; guidance_scale: number; sampler: string };
}

const AUX_STYLE = 'fluent';
/** What stands for the subject in the prompt that a method is asked by. */
const SUBJECT = CAPTION_PLACEHOLDER;

/** The words by which a method is asked for its style, with the subject in its place. */
function promptOf(method: Method, mix: Mix): string {
  if (method === 'base') return SUBJECT;
  if (method === 'multi-styleforge') return `${stylePrompt(MULTI_PROMPTS[mix])}, ${SUBJECT}`;
  const { token } = METHODS[method];
  return method === 'styledrop' ? `${SUBJECT} in ${token} style` : `${stylePrompt(`${token} style`)}, ${SUBJECT}`;
}

const stylePrompt = (style: string): string => `a photo of ${style}`;
const MULTI_PROMPTS: Record<Mix, string> = { both: 'zwx style, ukj style', persons: 'zwx style', backgrounds: 'ukj style' };

/** Subjects whose StyleRef image no cell trains on, persons and others in turn as they come. */
function promptSubjects(count: number): string[] {
  const taken = new Set(styleRefSubjects().map(({ name }) => name));
  const names = listCoreSubjects()
    .map(({ name }) => name)
    .filter((name) => !taken.has(name));
  return Array.from({ length: count }, (_, i) => names[i % names.length]);
}

async function writeImages(directory: string, images: readonly SampleImage[]): Promise<(SampleImage & { path: string })[]> {
  await mkdir(directory, { recursive: true });
  return Promise.all(
    images.map(async (image) => {
      const path = join(directory, image.fileName);
      await writeFile(path, image.png);
      return { ...image, path };
    }),
  );
}

const inputs = (images: readonly (SampleImage & { path: string })[]): TrainingImage[] =>
  images.map(({ path, subject }) => ({ path, caption: subject }));

async function styleRefParts({ style, method, mix }: Cell, directory: string, size: number): Promise<StyleRefPart[]> {
  const images = await writeImages(join(directory, 'images', style), await sampleStyle(style, { size }));
  const persons = images.filter(({ component }) => component === 'person');
  const backgrounds = images.filter(({ component }) => component === 'background');
  const bind = (component: string, token: string, kept: readonly (SampleImage & { path: string })[]): StyleRefPart => ({
    component,
    token,
    prompt: method === 'styledrop' ? promptOf(method, mix) : stylePrompt(`${token} style`),
    images: inputs(kept),
  });
  if (method === 'multi-styleforge') return [bind('person', 'zwx', persons), bind('background', 'ukj', backgrounds)];
  const token = method === 'base' ? '' : METHODS[method].token;
  return [bind('all', token, mix === 'persons' ? persons : mix === 'backgrounds' ? backgrounds : images)];
}

async function train(
  cell: Cell,
  profile: BaseProfile,
  { baseModelDirectory, directory, threads, batchSize, log }: CellRunner,
): Promise<string> {
  if (cell.method === 'base') return baseModelDirectory;
  const work = join(directory, 'trained', trainingKey(cell));
  await rm(work, { recursive: true, force: true });
  const settings = METHODS[cell.method];
  const aux = !settings.hasAux
    ? null
    : {
        prompt: 'a photo of style',
        images: inputs(await writeImages(join(directory, 'images', AUX_STYLE), await sampleStyle(AUX_STYLE, { size: profile.resolution }))),
      };
  const result = await trainStyleForge({
    baseModelDirectory,
    workDirectory: work,
    styleRef: await styleRefParts(cell, directory, profile.resolution),
    aux,
    compile: { threads },
    config: {
      aux: aux && { weight: 1 },
      adaptation: settings.adaptation,
      hyperparameters: {
        ...hyperparametersOf(settings, profile),
        resolution: profile.resolution,
        max_train_steps: cell.steps,
        seed: cell.seed,
        checkpointing_steps: null,
        ...(cell.captions && { use_captions: true }),
        ...(batchSize && { train_batch_size: batchSize }),
      },
    },
    onProgress: ({ step, of, loss }) => {
      if (step % 50 === 0) log(`  step ${step}/${of}  loss ${loss.toFixed(4)}`);
    },
  });
  if (settings.adaptation.kind !== 'full') await joinWithBase(result.directory, resolve(baseModelDirectory));
  return result.directory;
}

/** Files of the first layout that a checkpoint is read from; neither the trainer's state nor the same in other layouts. */
async function modelBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const counted = files.filter((path) => !/^(trainer_state|single-file|kohya|a1111|merged)[/\\]/.test(relative(directory, path)));
  return (await Promise.all(counted.map(async (path) => (await stat(path)).size))).reduce((sum, size) => sum + size, 0);
}

/** What a model that several cells share has drawn; by trainingKey. */
const drawnByBase = new Map<string, RgbImage[]>();

async function draw(cell: Cell, modelDirectory: string, profile: BaseProfile, runner: CellRunner): Promise<RgbImage[]> {
  const known = drawnByBase.get(trainingKey(cell));
  if (known) return known;
  const images = await drawAnew(cell, modelDirectory, profile, runner);
  if (cell.method === 'base') drawnByBase.set(trainingKey(cell), images);
  return images;
}

async function drawAnew(cell: Cell, modelDirectory: string, profile: BaseProfile, runner: CellRunner): Promise<RgbImage[]> {
  const images: RgbImage[] = [];
  const { steps, guidance_scale: guidanceScale, sampler } = profile.generation;
  await generateImages({
    modelDirectory,
    steps: runner.samplingSteps ?? steps,
    guidanceScale,
    sampler,
    seed: cell.seed,
    compile: { threads: runner.threads },
    prompts: promptSubjects(runner.pictures).map((subject) => captionedPrompt(promptOf(cell.promptsOf ?? cell.method, cell.mix), subject)),
    onImage: ({ rgb, width, height }) => void images.push({ rgb, width, height }),
  });
  return images;
}

const references = new Map<StyleId, ImageSet>();

async function referenceOf(style: StyleId, runner: CellRunner, size: number): Promise<ImageSet> {
  const known = references.get(style) ?? (await writeReference(style, runner, size));
  references.set(style, known);
  return known;
}

async function writeReference(style: StyleId, runner: CellRunner, size: number): Promise<ImageSet> {
  const images = await referenceSet(style, { size, limit: runner.referencePictures });
  const written = await writeImages(join(runner.directory, 'reference', style), images);
  return imageFiles(written.map(({ path }) => path));
}

async function keepImages(directory: string, images: readonly RgbImage[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [index, { rgb, width, height }] of images.entries())
    await sharp(rgb, { raw: { width, height, channels: 3 } }).toFile(join(directory, `${String(index).padStart(5, '0')}.png`));
}

/** The style's KID first, then all that the other extractor measures. */
async function measureCell(cell: Cell, images: RgbImage[], profile: BaseProfile, runner: CellRunner): Promise<MetricBlock> {
  const shared = {
    generated: imageArrays(images),
    reference: await referenceOf(cell.style, runner, profile.resolution),
    seed: cell.seed,
    bootstrap: false,
    cache: directoryCache(join(runner.directory, 'features')),
  } as const;
  const style = await measureImages({ ...shared, extractor: runner.styleJudge, metrics: ['kid'] });
  const block = await measureImages({ ...shared, extractor: runner.extractor, prompts: promptSubjects(runner.pictures) });
  return { ...block, values: [...style.values, ...block.values] };
}

/** The trained weights go as soon as they are measured. */
export async function runCell(cell: Cell, runner: CellRunner): Promise<CellResult> {
  const start = performance.now();
  const profile = JSON.parse(await readFile(join(runner.baseModelDirectory, 'styleforge.json'), 'utf8')) as BaseProfile;
  const model = await train(cell, profile, runner);
  const training =
    cell.method === 'base' ? {} : { training: { seconds: (performance.now() - start) / 1000, bytes: await modelBytes(model) } };
  const images = await draw(cell, model, profile, runner);
  if (runner.keepsImages) await keepImages(join(runner.directory, 'generated', cell.style, trainingKey(cell)), images);
  const block = await measureCell(cell, images, profile, runner);
  if (cell.method !== 'base') await rm(join(runner.directory, 'trained', trainingKey(cell)), { recursive: true, force: true });
  return { cell, block, seconds: (performance.now() - start) / 1000, ...training };
}
