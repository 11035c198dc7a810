// A process that trains what its standard input says, so that a test can kill it: one line for each step, and one of step 0 for each class
// image.
import { text } from 'node:stream/consumers';
import { makeClassImages, trainStyleForge, type ClassImagesOptions, type TrainStyleForgeOptions } from '@styleforge/styleforge';

export interface ChildOptions extends TrainStyleForgeOptions {
  /** They become the Aux images. */
  readonly classImages?: ClassImagesOptions;
}

if (process.argv[1] === import.meta.filename) {
  const { classImages, ...options } = JSON.parse(await text(process.stdin)) as ChildOptions;
  const say = (step: number): void => void process.stdout.write(`${step}\n`);
  const made = classImages && (await makeClassImages({ ...classImages, onImage: () => say(0) }));
  await trainStyleForge({
    ...options,
    ...(made && { aux: { prompt: classImages.prompt, images: made.map((path) => ({ path })) } }),
    onProgress: ({ step }) => say(step),
  });
}
