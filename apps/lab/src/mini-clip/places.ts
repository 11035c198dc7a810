// Ranks the right name of an image among many with a CLIP extractor.
import { type FeatureExtractor, type Features, type RgbImage } from '@styleforge/metrics';

function dot(a: Features, i: number, b: Features, j: number): number {
  let sum = 0;
  for (let k = 0; k < a.dimension; k++) sum += a.data[i * a.dimension + k] * b.data[j * b.dimension + k];
  return sum;
}

/** The rank of each image's own name among `names`, from 1. Throws if a right name is missing from `names`. */
export async function placesOf(
  extractor: FeatureExtractor,
  pictures: readonly { image: RgbImage; name: string }[],
  names: readonly string[],
): Promise<number[]> {
  if (!extractor.embedTexts) throw new RangeError(`${extractor.name} has no text tower: take a CLIP extractor`);
  const [images, texts] = [await extractor.embedImages(pictures.map(({ image }) => image)), await extractor.embedTexts(names)];
  return pictures.map(({ name }, i) => {
    const right = names.indexOf(name);
    if (right < 0) throw new RangeError(`'${name}' is not among the names`);
    const own = dot(images, i, texts, right);
    return names.filter((_, j) => dot(images, i, texts, j) > own).length + 1;
  });
}
