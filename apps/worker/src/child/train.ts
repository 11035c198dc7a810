// A training task: hands the trainer what the parent has prepared, and its news back to the parent.
import { type TrainingConfig, trainingConfig } from '@styleforge/contracts';
import { type AuxPart, makeClassImages, trainStyleForge, type Validation } from '@styleforge/styleforge';
import type { MessageFromChild, TrainingTask } from '../messages.ts';
import type { Parent } from './parent.ts';

export async function train(task: TrainingTask, parent: Parent): Promise<MessageFromChild> {
  const config: TrainingConfig = trainingConfig.parse(task.config);
  const { hyperparameters, validation, prior_preservation: prior } = config;
  const { finalStep } = await trainStyleForge({
    baseModelDirectory: task.baseModelDirectory,
    config: { hyperparameters, validation, aux: prior ?? config.aux },
    styleRef: task.styleRef,
    aux: prior ? await classImages(prior, task, hyperparameters.resolution, parent) : task.aux,
    workDirectory: task.workDirectory,
    ...(task.resumeFrom && { resumeFrom: task.resumeFrom }),
    signal: parent.signal,
    onProgress: (progress) => parent.tell({ type: 'progress', ...progress }),
    onCheckpoint: ({ step, directory }) => parent.tellAndWait({ type: 'checkpoint', step, directory }),
    onValidation: (made) => passOn(made, parent),
  });
  return { type: 'result', finalStep };
}

async function classImages(prior: NonNullable<TrainingConfig['prior_preservation']>, task: TrainingTask, resolution: number, parent: Parent): Promise<AuxPart> {
  const paths = await makeClassImages({
    modelDirectory: task.baseModelDirectory, directory: task.classImagesDirectory, prompt: prior.prompt, count: prior.num_class_images,
    negativePrompt: prior.negative_prompt, width: resolution, height: resolution, steps: prior.steps, guidanceScale: prior.guidance_scale,
    sampler: prior.sampler, seed: prior.seed, signal: parent.signal,
    onImage: (image) => parent.tellAndWait({ type: 'class-image', ...image }),
  });
  return { prompt: prior.prompt, images: paths.map((path) => ({ path })) };
}

async function passOn({ step, images }: Validation, parent: Parent): Promise<void> {
  let count = 0;
  for await (const image of images) {
    await parent.tellAndWait({ type: 'validation-image', step, ...image });
    count += 1;
  }
  await parent.tellAndWait({ type: 'validation', step, images: count });
}
