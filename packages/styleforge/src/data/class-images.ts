// Class images for prior preservation (DreamBooth, arXiv 2208.12242): images that the base model generates from the class prompt.
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { generateImages, type GenerateImagesOptions } from '../model/generate-images.ts';

export interface ClassImagesOptions extends Omit<GenerateImagesOptions, 'prompts' | 'numImages' | 'made' | 'onImage'> {
  readonly prompt: string;
  readonly count: number;
  /** Directory of the images. Existing ones are kept. */
  readonly directory: string;
  /** Called when another image has been stored in the directory. */
  readonly onImage?: (image: { index: number; path: string }) => void | Promise<void>;
}

const classImageFile = (index: number): string => `${String(index).padStart(8, '0')}.png`;

/**
 * Returns the paths of `count` images and generates missing ones. Image i depends only on the model, the settings, the count and seed + i.
 */
export async function makeClassImages({ prompt, count, directory, onImage, ...options }: ClassImagesOptions): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const present = new Set(await readdir(directory));
  const paths = Array.from({ length: count }, (_, index) => join(directory, classImageFile(index)));
  const made = new Set([...paths.keys()].filter((index) => present.has(classImageFile(index))));
  if (made.size === count) return paths;
  await generateImages({
    ...options,
    prompts: [prompt],
    numImages: count,
    made,
    onImage: async ({ index, width, height, rgb }) => {
      const path = paths[index];
      await sharp(rgb, { raw: { width, height, channels: 3 } })
        .png()
        .toFile(`${path}.partial`);
      await rename(`${path}.partial`, path);
      await onImage?.({ index, path });
    },
  });
  return paths;
}
