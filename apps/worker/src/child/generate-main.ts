// The generation process: keeps models loaded, and draws for several generations in turn.
import { generationConfig } from '@styleforge/contracts';
import { type GeneratedImage, loadTextToImagePipeline, type TextToImagePipeline } from '@styleforge/diffusion';
import { readDiffusersFolder } from '@styleforge/weights';
import { type GenerationTask, type MessageFromGenerator, messageToGenerator } from '../generation-messages.ts';
import { describe, isAbort, listen, send, staysWithParent } from './channel.ts';

interface RunningGeneration {
  controller: AbortController;
  /** By the number of the image that the parent is saving. */
  waiting: Map<number, () => void>;
}

const models = new Map<string, Promise<TextToImagePipeline>>();
const running = new Map<number, RunningGeneration>();
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
      void forget(message.modelDirectory);
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
  { modelDirectory, compile, config, made }: GenerationTask,
  signal: AbortSignal,
  keep: (image: GeneratedImage) => Promise<void>,
): Promise<void> {
  const { prompts, negative_prompt, width, height, steps, guidance_scale, sampler, seed, num_images } = generationConfig.parse(config);
  const pipeline = await inTurn(() => openModel(modelDirectory, compile));
  const images = pipeline.generate({
    prompts,
    negativePrompt: negative_prompt,
    width,
    height,
    steps,
    guidanceScale: guidance_scale,
    sampler,
    seed,
    imagesPerPrompt: num_images,
    signal,
    made: new Set(made),
  });
  for (;;) {
    const next = await inTurn(() => images.next());
    if (next.done) return;
    await keep(next.value);
  }
}

let lastTurn: Promise<unknown> = Promise.resolve();

/** One batch of one generation at a time, the others waiting in line: a long generation does not hold up a short one. */
function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const turn = lastTurn.then(work);
  lastTurn = turn.catch(() => undefined);
  return turn;
}

function openModel(directory: string, compile: GenerationTask['compile']): Promise<TextToImagePipeline> {
  const known = models.get(directory);
  if (known) return known;
  const loading = loadModel(directory, compile);
  models.set(directory, loading);
  loading.catch(() => models.delete(directory));
  return loading;
}

async function loadModel(modelDirectory: string, compile: GenerationTask['compile']): Promise<TextToImagePipeline> {
  const pipeline = await loadTextToImagePipeline(modelDirectory, compile);
  await tell({ type: 'loaded', modelDirectory, weightBytes: await weightBytesOf(modelDirectory) });
  return pipeline;
}

/** In memory all weights are float32. */
async function weightBytesOf(directory: string): Promise<number> {
  const { unet, vae, textEncoder } = await readDiffusersFolder(directory);
  let bytes = 0;
  for (const component of [unet, vae, textEncoder]) {
    const reader = await component.openWeights();
    for (const name of reader.names()) bytes += 4 * reader.info(name).shape.reduce((product, side) => product * side, 1);
    await reader.close();
  }
  return bytes;
}

async function forget(directory: string): Promise<void> {
  const model = models.get(directory);
  models.delete(directory);
  await inTurn(async () => (await model)?.release());
}
