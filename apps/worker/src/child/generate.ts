// A generation task: runs the pipeline and passes each image to the parent.
import { generationConfig } from '@styleforge/contracts';
import { generateImages } from '@styleforge/styleforge';
import type { GenerationTask, MessageFromChild } from '../messages.ts';
import type { Parent } from './parent.ts';

export async function generate(task: GenerationTask, parent: Parent): Promise<MessageFromChild> {
  const config = generationConfig.parse(task.config);
  await generateImages({
    modelDirectory: task.modelDirectory,
    prompts: config.prompts,
    negativePrompt: config.negative_prompt,
    width: config.width,
    height: config.height,
    steps: config.steps,
    guidanceScale: config.guidance_scale,
    sampler: config.sampler,
    seed: config.seed,
    numImages: config.num_images,
    compile: task.compile,
    signal: parent.signal,
    onImage: (image) => parent.tellAndWait({ type: 'image', ...image }),
  });
  return { type: 'result' };
}
