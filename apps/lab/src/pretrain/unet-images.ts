// Training images of the U-Net: each subject by itself, two of them side by side, and in places.
import { permutation, randomUniforms } from '@styleforge/diffusion';
import {
  type CaptionDraw,
  captionVariants,
  drawCaption,
  drawScene,
  drawSceneCaption,
  type ImageCache,
  imagesOf,
  listCoreSubjects,
  renderScene,
  type Scene,
  sceneCaptions,
} from '@styleforge/samples';

export interface UnetImages {
  /** RGB bytes, IMAGE_SIZE square. */
  readonly images: readonly Uint8Array[];
  /** The image of the `index`-th sample of the training. */
  pick(index: number): number;
  drawCaption(image: number, key: string, choice: CaptionDraw): string;
  /** All captions, except the empty one and those with unknown words. */
  captions(): string[];
}

interface SceneGroup {
  /** Number of different scenes. */
  readonly count: number;
  /** Share of the samples. */
  readonly share: number;
  readonly subjects: 1 | 2;
  readonly inPlace: boolean;
}

const GROUPS: readonly SceneGroup[] = [
  { count: 9000, share: 0.45, subjects: 2, inPlace: false },
  { count: 1000, share: 0.06, subjects: 1, inPlace: true },
  { count: 1000, share: 0.04, subjects: 2, inPlace: true },
];

/** Images of the cache, each once per pass of its share, and scenes. */
export async function collectUnetImages(cache: ImageCache, seed: number, log: (line: string) => void): Promise<UnetImages> {
  const images = imagesOf(cache);
  const subjects = listCoreSubjects();
  const scenes: Scene[] = [];
  const groups: { start: number; count: number; share: number }[] = [];
  for (const [g, group] of GROUPS.entries()) {
    groups.push({ start: images.length, count: group.count, share: group.share });
    for (let i = 0; i < group.count; i++) {
      const key = `${seed}/scene/${g}/${i}`;
      const scene = drawScene({ subjects, count: group.subjects, inPlace: group.inPlace, key });
      scenes.push(scene);
      images.push(await renderScene(scene, key, cache.size));
    }
    log(`${images.length} images rendered`);
  }
  const records = cache.records;
  const record = recordsInTurn(records.length, seed);
  return {
    images,
    pick: (index) => {
      let [kind] = randomUniforms({ seed, step: index, purpose: 'unet-group' }, 1);
      for (const { start, count, share } of groups) {
        if (kind < share) return start + Math.floor((kind / share) * count);
        kind -= share;
      }
      return record(index);
    },
    drawCaption: (image, key, choice) =>
      image < records.length
        ? drawCaption(records[image], records[image].style, key, choice)
        : drawSceneCaption(scenes[image - records.length], key, choice),
    captions: () => [...records.flatMap((one) => captionVariants(one, one.style)), ...scenes.flatMap(sceneCaptions)],
  };
}

/** Each record once per pass, in a new order for each pass. */
function recordsInTurn(count: number, seed: number): (index: number) => number {
  let order: { epoch: number; indices: Int32Array } = { epoch: -1, indices: new Int32Array() };
  return (index) => {
    const epoch = Math.floor(index / count);
    if (order.epoch !== epoch) order = { epoch, indices: permutation({ seed, step: epoch, purpose: 'unet-order' }, count) };
    return order.indices[index % count];
  };
}
