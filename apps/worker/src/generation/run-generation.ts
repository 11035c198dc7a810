// Runs one generation: finds the model, generates the images in the generation process, and stores each when it is ready.
import { cellOf, type Failure, generationCells } from '@styleforge/contracts';
import { type GenerationDetail, newId, StaleAttemptError, StatusConflictError } from '@styleforge/database';
import type { JobContext, JobOutcome } from '@styleforge/queue';
import { generationImageKey, generationInputKey } from '@styleforge/storage';
import { compileOptions } from '../device.ts';
import { JobTimeoutError } from '../errors.ts';
import { type EndReason, holdRow } from '../held-row/hold-row.ts';
import { tryRow } from '../held-row/try-row.ts';
import type { Turn, Turns } from '../held-row/turns.ts';
import { metered } from '../machine/usage-meter.ts';
import { imageTexts } from '../image-texts.ts';
import type { RawImage } from '../processes/messages.ts';
import type { ModelCache, ModelServices } from './model-cache.ts';
import { encodeImage, EXTENSIONS } from '../encode-image.ts';
import { scoreImages, type ScoringServices } from './score-images.ts';
import type { Services } from '../services.ts';
import sharp from 'sharp';

type GenerationServices = ModelServices & ScoringServices & Services<'leases' | 'settings' | 'metrics' | 'deviceClock' | 'usage'>;

/** Milliseconds between two checks for cancellation; a generation may take only seconds. */
const watchMs = 500;

export interface GenerationRoom {
  models: ModelCache;
  turns: Turns;
}

export async function runGeneration(
  generationId: string,
  context: JobContext,
  { models, turns }: GenerationRoom,
  services: GenerationServices,
): Promise<JobOutcome> {
  const outcome = await turns.run(generationId, async (take) => {
    const generation = await services.database.generations.claim(generationId);
    // Cancelled or finished since it was queued.
    if (!generation) return 'finished';
    const scoped = { ...services, log: services.log.child({ generationId, attempt: generation.attempt }) };
    scoped.log.info({ model: generation.config.model, prompts: generation.config.prompts.length }, 'generation claimed');
    const { attempt, setbacks, projectId } = generation;
    const row = {
      ...({ table: 'generations', queue: 'generate', id: generationId, attempt, setbacks } as const),
      fail: (error: Failure) => services.database.generations.setStatus(generationId, { from: 'running', to: 'failed', attempt, error }),
    };
    const subject = { projectId, kind: 'generation', subjectId: generationId, device: services.settings.device } as const;
    const turn = take(projectId);
    return tryRow(row, scoped, () => metered(subject, scoped, (counted) => generate(generation, context, { models, turn }, counted)));
  });
  if (outcome !== 'passed over') return outcome;
  services.log.info(
    { generationId },
    'the project already uses its share of this worker, and another project waits: the generation goes back into the outbox',
  );
  return 'finished';
}

async function generate(
  generation: GenerationDetail,
  context: JobContext,
  { models, turn }: { models: ModelCache; turn: Turn },
  services: GenerationServices,
): Promise<JobOutcome> {
  const { id, config, attempt, setbacks } = generation;
  const compile = compileOptions(services.settings.devices[0], services.settings.generationThreads);
  const made = generation.images.map(({ index }) => index);
  const startingImage = config.image && (await fetchStartingImage(generation, services));
  const row = { table: 'generations', id, attempt } as const;
  // A cancellation ends the row, so that this worker no longer holds it.
  const beat = async () => {
    if (!(await services.database.generations.isHeld(id, attempt))) return 'superseded';
    return (await turn.shouldMoveOver()) ? 'moves-over' : null;
  };
  const hold = holdRow(row, { signal: context.signal, everyMs: watchMs, beat }, services);
  const onConflict = (error: unknown) => {
    if (!(error instanceof StatusConflictError || error instanceof StaleAttemptError)) throw error;
    hold.lost();
  };
  try {
    const result = await models.generate(
      generation,
      { compile, config, made, startingImage },
      {
        signal: hold.signal,
        // A generation that has killed a process runs alone afterwards, so that it does not repeatedly interrupt others.
        alone: setbacks > 0,
        onImage: (image) => keepImage(generation, image, services).then(() => void (turn.hasProgressed = true), onConflict),
      },
      services,
    );
    if (result === 'aborted' || (await scoreImages(generation, hold.signal, services)) === 'aborted')
      return afterAbort(generation, hold.reason(), turn, services);
    return await succeeded(generation, services);
  } finally {
    await hold.end();
  }
}

/** Starting image, cropped around its center to the aspect ratio of the generated images and scaled to their size. */
async function fetchStartingImage(
  { id, projectId, config }: GenerationDetail,
  { objectStore }: Services<'objectStore'>,
): Promise<Uint8Array> {
  const { width, height } = config;
  const bytes = await objectStore.get(generationInputKey(projectId, id));
  return sharp(bytes).resize(width, height, { fit: 'cover' }).toColourspace('srgb').removeAlpha().raw().toBuffer();
}

function textsOf({ id, config }: GenerationDetail, { index, prompt, seed, width, height }: RawImage): Record<string, string> {
  const { config: settings } = generationCells(config)[cellOf(config, index)]!;
  const { model, negative_prompt, steps, guidance_scale, style_guidance, text_guidance, sampler, adapters, strength } = settings;
  return imageTexts({
    prompt,
    negative_prompt,
    seed,
    steps,
    guidance_scale,
    ...(style_guidance !== null && { style_guidance, text_guidance }),
    sampler,
    width,
    height,
    model,
    ...(adapters.length > 0 && { adapters }),
    ...(config.image && { image: config.image.id, strength }),
    generation_id: id,
  });
}

async function keepImage(generation: GenerationDetail, image: RawImage, services: GenerationServices): Promise<void> {
  const { id: generationId, projectId, config, attempt } = generation;
  const { index, prompt, seed, width, height } = image;
  const objectKey = generationImageKey(projectId, generationId, index, EXTENSIONS[config.format]);
  const encoded = await encodeImage(image, config, textsOf(generation, image));
  const { size, sha256 } = await services.objectStore.put(objectKey, encoded);
  await services.database.generations.recordImage(attempt, {
    id: newId('image'),
    projectId,
    generationId,
    index,
    prompt,
    seed,
    width,
    height,
    sizeBytes: size,
    sha256,
    objectKey,
  });
  services.usage?.images(1);
}

async function succeeded({ id, attempt }: GenerationDetail, services: GenerationServices): Promise<JobOutcome> {
  await services.database.generations.setStatus(id, { from: 'running', to: 'succeeded', attempt });
  services.log.info('generation succeeded');
  return 'finished';
}

function afterAbort({ id }: GenerationDetail, reason: EndReason, turn: Turn, { log }: GenerationServices): JobOutcome {
  switch (reason) {
    case 'moves-over':
      turn.hasMovedOver = true;
      log.info('other projects wait: the generation pauses until its next turn and keeps its images');
      return 'finished';
    case 'shutdown':
      return 'handed-back';
    case 'timeout':
      throw new JobTimeoutError('the generation exceeded the time limit of generations');
    case 'superseded':
    // In both cases, only the row's final status shows the reason.
    case 'cancelled':
    case 'paused':
      log.info('the generation has been cancelled or taken over; it stops here');
      return 'finished';
    case 'lock-lost':
      throw new StaleAttemptError(`The queue has given generation ${id} to another worker.`);
  }
}
