// The way of one generation: find the model, make the images in a child process, keep each as it comes.
import { join } from 'node:path';
import { type GenerationDetail, newId, StaleAttemptError, StatusConflictError } from '@styleforge/database';
import type { JobContext, JobOutcome, StopReason } from '@styleforge/queue';
import { downloadObject, generationImageKey } from '@styleforge/storage';
import { baseModelDirectory } from './base-model.ts';
import { compileOptions } from './device.ts';
import { failureOf, isPermanent, JobInputError, JobTimeoutError } from './failures.ts';
import { runInChild } from './job-process.ts';
import type { RawImage } from './messages.ts';
import { encodePng } from './png.ts';
import { withScratch } from './scratch.ts';
import type { WorkerServices } from './worker.ts';

export async function runGeneration(generationId: string, context: JobContext, services: WorkerServices): Promise<JobOutcome> {
  const generation = await services.database.generations.claim(generationId);
  if (!generation) return 'finished';
  const scoped = { ...services, log: services.log.child({ generationId, attempt: generation.attempt }) };
  scoped.log.info({ model: generation.config.model, prompts: generation.config.prompts.length }, 'generation taken');
  try {
    return await withScratch(services.scratchDirectory, generationId, generation.attempt, (directory) => generate(generation, directory, context, scoped));
  } catch (error) {
    if (isPermanent(error) || context.isLastAttempt) await markFailed(generation, error, scoped);
    throw error;
  }
}

async function generate(generation: GenerationDetail, scratch: string, context: JobContext, services: WorkerServices): Promise<JobOutcome> {
  const modelDirectory = await findModel(generation, join(scratch, 'model'), services);
  const { config } = generation;
  const compile = compileOptions(services.settings.device, services.settings.generationThreads);
  const result = await runInChild({ kind: 'generate', compile, modelDirectory, config }, {
    signal: context.signal,
    log: services.log,
    onImage: (image) => keepImage(generation, image, services),
  });
  if (result === 'aborted') return afterAbort(generation, context.signal.reason as StopReason);
  await services.database.generations.setStatus(generation.id, { from: 'running', to: 'succeeded', attempt: generation.attempt });
  services.log.info('generation succeeded');
  return 'finished';
}

async function findModel(generation: GenerationDetail, directory: string, services: WorkerServices): Promise<string> {
  const { baseModel, checkpointId, projectId, config } = generation;
  if (baseModel !== null) return baseModelDirectory(services.baseModelsDirectory, baseModel);
  const checkpoint = checkpointId === null ? null : await services.database.checkpoints.find(projectId, checkpointId);
  if (!checkpoint) throw new JobInputError(`model: the checkpoint ${config.model} has been deleted`);
  for (const { path, sha256 } of checkpoint.files) {
    if (isTrainerState(path)) continue;
    const got = await downloadObject(services.objectStore, checkpoint.objectPrefix + path, join(directory, path));
    if (got.sha256 !== sha256) throw new Error(`${checkpoint.objectPrefix}${path} is damaged: sha256 ${got.sha256} instead of ${sha256}`);
  }
  return directory;
}

const isTrainerState = (path: string) => path.startsWith('trainer_state/');

async function keepImage(generation: GenerationDetail, image: RawImage, services: WorkerServices): Promise<void> {
  const { id: generationId, projectId, config } = generation;
  const { index, prompt, seed, width, height } = image;
  const { model, negative_prompt, steps, guidance_scale, sampler } = config;
  const png = await encodePng(image, { prompt, negative_prompt, seed, steps, guidance_scale, sampler, width, height, model, generation_id: generationId });
  const objectKey = generationImageKey(projectId, generationId, index);
  const { size, sha256 } = await services.objectStore.put(objectKey, png);
  await services.database.generations.recordImage({
    id: newId('image'), projectId, generationId, index, prompt, seed, width, height, sizeBytes: size, sha256, objectKey,
  });
}

function afterAbort(generation: GenerationDetail, reason: StopReason): JobOutcome {
  switch (reason) {
    case 'shutdown':
      return 'handed-back';
    case 'timeout':
      throw new JobTimeoutError('the generation ran longer than a generation may');
    case 'lock-lost':
      throw new StaleAttemptError(`Attempt ${generation.attempt} of generation ${generation.id} was taken over by another worker.`);
  }
}

async function markFailed(generation: GenerationDetail, error: unknown, services: WorkerServices): Promise<void> {
  if (error instanceof StaleAttemptError || error instanceof StatusConflictError) return;
  const { id, attempt } = generation;
  await services.database.generations.setStatus(id, { from: 'running', to: 'failed', attempt, error: failureOf(error) });
  services.log.error({ err: error }, 'generation failed for good');
}

export async function abandonGeneration(generationId: string, error: Error, services: WorkerServices): Promise<void> {
  const generation = await services.database.generations.get(generationId);
  if (!generation || (generation.status !== 'queued' && generation.status !== 'running')) return;
  const failure = { code: 'worker_died' as const, message: 'The worker died with this generation again and again; its log may tell why', retryable: true };
  await services.database.generations.setStatus(generationId, { from: generation.status, to: 'failed', error: failure });
  services.log.error({ err: error, generationId }, 'generation given up');
}
