// A training task: passes the parent's inputs to the trainer, and the trainer's events to the parent.
import {
  type CandidateSettings,
  type EvaluationStage,
  givenText,
  sampleSettings,
  type TrainingConfig,
  trainingConfig,
} from '@styleforge/contracts';
import {
  type AuxPart,
  makeClassImages,
  openModel,
  trainStyleForge,
  type TrainStyleForgeOptions,
  type Validation,
} from '@styleforge/styleforge';
import type { MessageFromChild, TrainingTask } from '../processes/messages.ts';
import { CardMemory, freeOn } from './card-memory.ts';
import { requireExtractors } from './extractors.ts';
import { Judge } from './judge.ts';
import type { Parent } from './parent.ts';
import { readSettings } from './read-settings.ts';
import { createStepSpans } from './step-spans.ts';

/** Reads a base model as the next training job probably will, so that its code and files are already loaded. */
export async function prepare(baseModelDirectory: string): Promise<void> {
  await openModel(baseModelDirectory);
}

export async function train(task: TrainingTask, parent: Parent): Promise<MessageFromChild> {
  const config: TrainingConfig = readSettings(trainingConfig, task.config);
  const { adaptation, hyperparameters, validation, early_stopping, prior_preservation: prior } = config;
  if (config.evaluation) await requireExtractors(config.evaluation, task.extractorsDirectory, parent.signal);
  if (config.styledrop?.candidates) await requireExtractors(scoresBy(config.styledrop.candidates), task.extractorsDirectory, parent.signal);
  const traceStep = createStepSpans();
  const card = new CardMemory(() => freeOn(task.compile.device));
  const judge = await Judge.open(config, task, parent.signal);
  try {
    const { finalStep, best, scores } = await trainStyleForge({
      baseModelDirectory: task.baseModelDirectory,
      config: { adaptation, hyperparameters, validation, early_stopping, aux: prior ?? config.aux },
      // style words are ordinary words, so the check for rare tokens does not apply
      styleRef: config.styledrop ? task.styleRef.map(({ token: _, ...part }) => part) : task.styleRef,
      aux: prior ? await classImages(prior, task, hyperparameters.resolution, parent) : task.aux,
      workDirectory: task.workDirectory,
      ...(task.resumeFrom && { resumeFrom: task.resumeFrom }),
      compile: task.compile,
      replicas: task.replicas,
      signal: parent.signal,
      onReconstruction: (measured) => parent.tellAndWait({ type: 'reconstruction', ...measured }),
      onStart: () => parent.tellAndWait({ type: 'validated' }),
      onShape: ({ latentShape: [, height, width], seconds }) => void parent.tell({ type: 'compiled-shape', height, width, seconds }),
      ...cardNews(card, parent),
      onProgress: (progress) => {
        traceStep(progress);
        const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
        return parent.tell({ type: 'progress', ...progress, peakMemoryBytes, card: card.measure() });
      },
      onCheckpoint: ({ step, directory, best: soFar }) =>
        parent.tellAndWait({ type: 'checkpoint', step, directory, bestStep: soFar?.step ?? null }),
      onValidation: (made) => validate(made, judge, parent),
      requests: {
        take: () =>
          parent.takeRequests().map(({ id, sample }) => (sample ? { id, kind: 'sample', config: sample } : { id, kind: 'checkpoint' })),
        met: ({ id }, step) => parent.tellAndWait({ type: 'request-met', id, step }),
      },
    });
    return { type: 'result', finalStep, ...(judge && { validations: { metric: judge.metric, best, scores: [...scores] } }) };
  } finally {
    await judge?.release();
  }
}

/** Reports the plan chosen for the card's memory, and plans that did not fit. */
const cardNews = (card: CardMemory, parent: Parent): Pick<TrainStyleForgeOptions, 'onMemoryPlan' | 'onRecomputation'> => ({
  onMemoryPlan(plan) {
    card.planned(plan);
    void parent.tell({ type: 'memory-plan', ...plan });
  },
  onRecomputation(news) {
    card.recomputes();
    return parent.tellAndWait({ type: 'recomputation', ...news });
  },
});

/** Opens the extractor that will score the candidates. */
function scoresBy({ clip_extractor }: CandidateSettings): Pick<EvaluationStage, 'metrics' | 'extractor' | 'clip_extractor'> {
  return { metrics: ['clip'], extractor: clip_extractor, clip_extractor };
}

async function classImages(
  prior: NonNullable<TrainingConfig['prior_preservation']>,
  task: TrainingTask,
  resolution: number,
  parent: Parent,
): Promise<AuxPart> {
  // Generating images is part of the work, not a check of the input.
  await parent.tellAndWait({ type: 'validated' });
  const paths = await makeClassImages({
    modelDirectory: task.baseModelDirectory,
    directory: task.classImagesDirectory,
    prompt: prior.prompt,
    count: prior.num_class_images,
    negativePrompt: givenText(prior.negative_prompt),
    width: resolution,
    height: resolution,
    steps: prior.steps,
    guidanceScale: prior.guidance_scale,
    sampler: prior.sampler,
    seed: prior.seed,
    compile: task.compile,
    signal: parent.signal,
    onImage: (image) => parent.tellAndWait({ type: 'class-image', ...image }),
  });
  return { prompt: prior.prompt, images: paths.map((path) => ({ path })) };
}

/** Sends the images to the parent as they are generated, and scores them if the job requests it. */
async function validate(
  { step, images, config, isRequested }: Validation,
  judge: Judge | undefined,
  parent: Parent,
): Promise<{ score: number } | void> {
  const settings = readSettings(sampleSettings, config);
  const made = [];
  for await (const image of images) {
    await parent.tellAndWait({ type: 'validation-image', step, settings, ...image });
    made.push(image);
  }
  const score = isRequested ? undefined : await judge?.score(made, parent.signal);
  await parent.tellAndWait({
    type: 'validation',
    step,
    images: made.length,
    scores: judge && score !== undefined ? { [judge.metric]: score } : {},
    isRequested,
  });
  return score === undefined ? undefined : { score };
}
