// The generation process: keeps models loaded, and works for several generations in turn.
import { type GenerationConfig, generationCells, generationConfig, givenText } from '@styleforge/contracts';
import {
  type GeneratedImage,
  loadTextToImagePipeline,
  type StyleGuidance,
  type TextToImageOptions,
  type TextToImagePipeline,
} from '@styleforge/diffusion';
import { fingerprintOf } from '@styleforge/model-files';
import { type DiffusersComponent, openModelFolder } from '@styleforge/weights';
import { type GenerationTask, type MessageFromGenerator, messageToGenerator } from '../processes/generation-messages.ts';
import { describe, isAbort, listen, send, staysWithParent } from './channel.ts';
import { Processor } from './processor.ts';
import { readSettings } from './read-settings.ts';

interface RunningGeneration {
  controller: AbortController;
  /** Functions that continue a generation, by the number of the image that the parent is saving. */
  waiting: Map<number, () => void>;
}

interface LoadedPipeline {
  pipeline: Promise<TextToImagePipeline>;
  /** Fingerprint of the folder's files when they were read. */
  fingerprint: string;
  users: number;
  dropped: boolean;
  /** Style guidance has also loaded the base model. */
  hasBase?: boolean;
}

/** Loaded models by folder. */
const models = new Map<string, LoadedPipeline>();
const running = new Map<number, RunningGeneration>();
const processor = new Processor();
const tell = (message: MessageFromGenerator) => send(message);

staysWithParent();
listen(messageToGenerator, (message) => {
  switch (message.type) {
    case 'generate':
      void generate(message.id, message.task);
      break;
    case 'abort':
      running.get(message.id)?.controller.abort();
      break;
    case 'saved':
      running.get(message.id)?.waiting.get(message.number)?.();
      break;
    case 'forget':
      forget(message.modelDirectory);
      break;
  }
});

async function generate(id: number, task: GenerationTask): Promise<void> {
  const controller = new AbortController();
  const waiting = new Map<number, () => void>();
  running.set(id, { controller, waiting });
  try {
    await draw(task, controller.signal, async (image) => {
      const saved = new Promise<void>((done) => waiting.set(image.index, done));
      await tell({ type: 'image', id, number: image.index, ...image });
      await saved;
    });
    await tell({ type: 'done', id });
  } catch (error) {
    await tell(isAbort(error, controller.signal) ? { type: 'aborted', id } : { ...describe(error), id });
  } finally {
    running.delete(id);
  }
}

async function draw(
  { modelDirectory, compile, config, made, startingImage }: GenerationTask,
  signal: AbortSignal,
  keep: (image: GeneratedImage) => Promise<void>,
): Promise<void> {
  const model = await processor.compute(() => openModel(modelDirectory, compile));
  const cells = generationCells(readSettings(generationConfig, config));
  if (cells.some(({ config: settings }) => settings.style_guidance !== null)) await countBase(model, modelDirectory);
  let onStep = async () => {};
  try {
    for (const { config: settings, first } of cells) {
      const known = new Set(made.map((index) => index - first));
      const options = { ...optionsOf(settings, startingImage), signal, onStep: () => onStep(), made: known };
      const images = (await model.pipeline).generate(options);
      for (;;) {
        const next = await processor.compute((pass) => {
          onStep = pass;
          return images.next();
        });
        if (next.done) break;
        await keep({ ...next.value, index: first + next.value.index });
      }
    }
  } finally {
    model.users -= 1;
    await releaseUnused(model);
  }
}

function optionsOf(settings: GenerationConfig, startingImage: Uint8Array | null): TextToImageOptions {
  const { prompts, negative_prompt, width, height, steps, guidance_scale, sampler, seed, num_images, strength } = settings;
  return {
    prompts,
    negativePrompt: givenText(negative_prompt),
    width,
    height,
    steps,
    guidanceScale: guidance_scale,
    styleGuidance: styleGuidanceOf(settings),
    sampler,
    seed,
    imagesPerPrompt: num_images,
    ...(startingImage && strength !== null && { from: { rgb: startingImage, strength } }),
  };
}

function styleGuidanceOf({ style_guidance: style, text_guidance: text }: GenerationConfig): StyleGuidance | undefined {
  return style === null || text === null ? undefined : { style, text };
}

/** Loads the model that is in the folder now; a model that was installed again under the same name counts as a different one. */
async function openModel(directory: string, compile: GenerationTask['compile']): Promise<LoadedPipeline> {
  const known = models.get(directory);
  const fingerprint = await fingerprintOf(directory).catch((error: unknown) => {
    // a loaded model does not need its folder any more
    if (known && (error as NodeJS.ErrnoException).code === 'ENOENT') return known.fingerprint;
    throw error;
  });
  const model =
    known?.fingerprint === fingerprint ? known : { pipeline: loadModel(directory, compile), fingerprint, users: 0, dropped: false };
  model.users += 1;
  if (model === known) return model;
  models.set(directory, model);
  model.pipeline.catch(() => models.get(directory) === model && models.delete(directory));
  if (known) drop(known);
  await model.pipeline;
  return model;
}

function drop(model: LoadedPipeline): void {
  model.dropped = true;
  void releaseUnused(model);
}

async function releaseUnused({ dropped, users, pipeline }: LoadedPipeline): Promise<void> {
  if (!dropped || users > 0) return;
  await processor.compute(async () => (await pipeline.catch(() => undefined))?.release());
}

async function loadModel(modelDirectory: string, compile: GenerationTask['compile']): Promise<TextToImagePipeline> {
  const pipeline = await loadTextToImagePipeline(modelDirectory, compile);
  await tell({ type: 'loaded', modelDirectory, weightBytes: await weightBytesOf((await openModelFolder(modelDirectory)).components) });
  return pipeline;
}

/** Bytes of the base model that style guidance also needs, without the networks that both models share. */
async function countBase(model: LoadedPipeline, modelDirectory: string): Promise<void> {
  const { components, withoutAdapters } = await openModelFolder(modelDirectory);
  if (model.hasBase || !withoutAdapters) return;
  model.hasBase = true;
  const shared = new Set(components.map(({ openWeights }) => openWeights));
  const own = withoutAdapters.components.filter(({ openWeights, network }) => network !== 'autoencoder' && !shared.has(openWeights));
  await tell({ type: 'loaded', modelDirectory, weightBytes: (await weightBytesOf(components)) + (await weightBytesOf(own)) });
}

/** Bytes of these networks' weights in memory, where all weights are float32. */
async function weightBytesOf(components: readonly DiffusersComponent[]): Promise<number> {
  let bytes = 0;
  for (const { openWeights } of components) {
    const reader = await openWeights();
    for (const name of reader.names()) bytes += 4 * reader.info(name).shape.reduce((product, side) => product * side, 1);
    await reader.close();
  }
  return bytes;
}

function forget(directory: string): void {
  const model = models.get(directory);
  models.delete(directory);
  if (model) drop(model);
}
