// Generates one model's images of an evaluation: each image depends only on its prompt and seed, not on other images.
import { evaluatedPrompt, evaluationConfig, givenText } from '@styleforge/contracts';
import { generateImages } from '@styleforge/styleforge';
import type { DrawTask, MessageFromChild } from '../processes/messages.ts';
import { requireExtractors } from './extractors.ts';
import type { Parent } from './parent.ts';
import { readSettings } from './read-settings.ts';

export async function draw(task: DrawTask, parent: Parent): Promise<MessageFromChild> {
  const config = readSettings(evaluationConfig, task.config);
  await requireExtractors(config, task.extractorsDirectory, parent.signal);
  const { model } = task;
  const made = new Set(task.made);
  const chosen = config.models[model];
  if (!chosen) throw new Error(`the evaluation has no model ${model}`);
  const prompts = config.prompts.map((prompt) => evaluatedPrompt(prompt, chosen));
  if (made.size === prompts.length * config.num_images) return { type: 'result' };
  await generateImages({
    modelDirectory: task.modelDirectory,
    compile: task.compile,
    prompts,
    numImages: config.num_images,
    made,
    signal: parent.signal,
    negativePrompt: givenText(config.negative_prompt),
    width: config.width,
    height: config.height,
    steps: config.steps,
    guidanceScale: config.guidance_scale,
    sampler: config.sampler,
    seed: config.seed,
    onImage: (image) => parent.tellAndWait({ type: 'drawn-image', model, ...image }),
  });
  return { type: 'result' };
}
