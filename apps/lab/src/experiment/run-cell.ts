// One cell: train by the public trainer, draw the prompts, measure against the style's other pictures.
import { METHOD_HYPERPARAMETERS } from '@styleforge/contracts';
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
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { trainingKey, type Cell } from './cells.ts';

export interface CellRunner {
  readonly baseModelDirectory: string;
  readonly directory: string;
  readonly extractor: FeatureExtractor;
  readonly threads?: number;
  /** Drawn of each model. */
  readonly pictures: number;
  readonly referencePictures: number;
  /** Sampling steps of one picture; the model's own when left out. */
  readonly samplingSteps?: number;
  /** StyleRef and Aux samples of a step, each; the model's own when left out. */
  readonly batchSize?: number;
  readonly log: (line: string) => void;
}

export interface CellResult {
  readonly cell: Cell;
  readonly block: MetricBlock;
  readonly seconds: number;
}

interface BaseProfile {
  readonly resolution: number;
  readonly defaults: Record<string, unknown>;
  readonly generation: { steps: number; guidance_scale: number; sampler: string };
}

const AUX_STYLE = 'fluent';
const PREFIX: Record<Cell['method'], Record<Cell['mix'], string>> = {
  base: { both: '', persons: '', backgrounds: '' },
  dreambooth: { both: 'a photo of zwx style, ', persons: 'a photo of zwx style, ', backgrounds: 'a photo of zwx style, ' },
  'single-styleforge': { both: 'a photo of zwx style, ', persons: 'a photo of zwx style, ', backgrounds: 'a photo of zwx style, ' },
  'multi-styleforge': {
    both: 'a photo of zwx style, ukj style, ',
    persons: 'a photo of zwx style, ',
    backgrounds: 'a photo of ukj style, ',
  },
};

/** Subjects whose StyleRef picture no cell trains on, persons and others in turn as they come. */
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
  const bind = (component: string, token: string, kept: readonly (SampleImage & { path: string })[]) => ({
    component,
    token,
    prompt: `a photo of ${token} style`,
    images: inputs(kept),
  });
  if (method === 'multi-styleforge') return [bind('person', 'zwx', persons), bind('background', 'ukj', backgrounds)];
  return [bind('all', 'zwx', mix === 'persons' ? persons : mix === 'backgrounds' ? backgrounds : images)];
}

async function train(
  cell: Cell,
  profile: BaseProfile,
  { baseModelDirectory, directory, threads, batchSize, log }: CellRunner,
): Promise<string> {
  if (cell.method === 'base') return baseModelDirectory;
  const work = join(directory, 'trained', trainingKey(cell));
  await rm(work, { recursive: true, force: true });
  const aux =
    cell.method === 'dreambooth'
      ? null
      : {
          prompt: 'a photo of style',
          images: inputs(
            await writeImages(join(directory, 'images', AUX_STYLE), await sampleStyle(AUX_STYLE, { size: profile.resolution })),
          ),
        };
  const result = await trainStyleForge({
    baseModelDirectory,
    workDirectory: work,
    styleRef: await styleRefParts(cell, directory, profile.resolution),
    aux,
    compile: { threads },
    config: {
      aux: aux && { weight: 1 },
      hyperparameters: {
        ...METHOD_HYPERPARAMETERS,
        ...profile.defaults,
        resolution: profile.resolution,
        max_train_steps: cell.steps,
        seed: cell.seed,
        checkpointing_steps: null,
        use_captions: cell.captions,
        ...(batchSize && { train_batch_size: batchSize }),
      },
    },
    onProgress: ({ step, of, loss }) => {
      if (step % 50 === 0) log(`  step ${step}/${of}  loss ${loss.toFixed(4)}`);
    },
  });
  return result.directory;
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
    prompts: promptSubjects(runner.pictures).map((subject) => `${PREFIX[cell.promptsOf ?? cell.method][cell.mix]}${subject}`),
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

/** The trained weights go as soon as they are measured. */
export async function runCell(cell: Cell, runner: CellRunner): Promise<CellResult> {
  const start = performance.now();
  const profile = JSON.parse(await readFile(join(runner.baseModelDirectory, 'styleforge.json'), 'utf8')) as BaseProfile;
  const model = await train(cell, profile, runner);
  const images = await draw(cell, model, profile, runner);
  const block = await measureImages({
    extractor: runner.extractor,
    generated: imageArrays(images),
    reference: await referenceOf(cell.style, runner, profile.resolution),
    prompts: promptSubjects(runner.pictures),
    seed: cell.seed,
    bootstrap: false,
    cache: directoryCache(join(runner.directory, 'features')),
  });
  if (cell.method !== 'base') await rm(join(runner.directory, 'trained', trainingKey(cell)), { recursive: true, force: true });
  return { cell, block, seconds: (performance.now() - start) / 1000 };
}
