// text-to-image.safetensors: ten DDIM steps with guidance 7.5 from given latents to the decoded image.
import { loadTextToImagePipeline } from '@styleforge/diffusion';
import { relativeCase, type CaseResult } from './case-result.ts';
import { readIds, type ReferenceFolder } from './reference-folder.ts';

const tolerance = 1e-3;
const sampling = { steps: 10, guidanceScale: 7.5, sampler: 'ddim' } as const;

function rows(values: Int32Array, length: number): Int32Array[] {
  return Array.from({ length: values.length / length }, (_, row) => values.subarray(row * length, (row + 1) * length));
}

export async function* textToImageCases(folder: ReferenceFolder): AsyncGenerator<CaseResult> {
  const reference = await folder.tensors('text-to-image.safetensors');
  const pipeline = await loadTextToImagePipeline(folder.path('tiny-sd'));
  const [count, channels, height, width] = reference.info('latents').shape;
  const tokenCount = reference.info('input_ids').shape[1];
  const prompts = rows(await readIds(reference, 'input_ids'), tokenCount);
  const negatives = rows(await readIds(reference, 'negative_input_ids'), tokenCount);
  const start = await reference.read('latents');
  const final = new Float32Array(start.length);
  const size = start.length / count;
  for (let image = 0; image < count; image++) {
    const latents = await pipeline.denoise(
      {
        latents: start.subarray(image * size, (image + 1) * size),
        shape: [1, channels, height, width],
        prompts: [await pipeline.encodeText([prompts[image % prompts.length]])],
        negativePrompt: await pipeline.encodeText([negatives[image % negatives.length]]),
      },
      sampling,
    );
    final.set(latents, image * size);
  }
  const pixels = await pipeline.decode(final, [count, channels, height, width]);
  await pipeline.release();
  yield relativeCase('text-to-image.final_latents', final, await reference.read('final_latents'), tolerance);
  yield relativeCase('text-to-image.image', pixels, await reference.read('image'), tolerance);
}
