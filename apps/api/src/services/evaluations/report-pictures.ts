// Loads the images of a report as data URIs, scaled down to the size that the page needs.
import type { Report } from '@styleforge/contracts';
import type { ApiDependencies } from '../../dependencies.ts';
import { shrinkObject } from '../files/shrink-object.ts';

/** Largest side in pixels; smaller images are not scaled. */
const AS_IT_IS_BYTES = 16 * 1024;
const LONGEST_SIDE = 256;

/** Map from an image's URL to its data, without images that are gone from the store. */
export async function inlinePictures(
  dependencies: ApiDependencies,
  projectId: string,
  report: Report,
): Promise<(url: string) => string | undefined> {
  const { database, objectStore } = dependencies;
  const drawn = new Map(
    (await database.evaluations.listImages(report.id)).map(({ model, index, objectKey }) => [`${model}/${index}`, objectKey]),
  );
  const jobId = report.training?.job_id;
  /** Object of an image of the report; undefined if its row has been deleted. */
  const keyOf = async (url: string): Promise<string | undefined> => {
    const [, place] = /^\/v1\/evaluations\/[^/]+\/images\/(\d+\/\d+)$/.exec(url) ?? [];
    if (place !== undefined) return drawn.get(place);
    const [, step, index] = /^\/v1\/training-jobs\/[^/]+\/images\/(\d+)\/(\d+)$/.exec(url) ?? [];
    if (step !== undefined && jobId !== undefined)
      return (await database.validationImages.find(jobId, Number(step), Number(index)))?.objectKey;
    const [, imageId] = /^\/v1\/images\/([^/]+)$/.exec(url) ?? [];
    return imageId === undefined ? undefined : (await database.images.find(projectId, imageId))?.objectKey;
  };
  const found = new Map<string, string>();
  for (const url of new Set(urlsOf(report))) {
    const key = await keyOf(url);
    const head = key === undefined ? null : await objectStore.head(key);
    if (key !== undefined && head) found.set(url, await toDataUri(dependencies, key, head.size));
  }
  return (url) => found.get(url);
}

function urlsOf({ samples, models, reference, training }: Report): string[] {
  const pictures = [
    ...samples.flatMap((sample) => sample.pictures),
    ...(training?.validation_samples ?? []).flatMap((validation) => validation.pictures),
    ...models.flatMap(({ nearest }) => nearest.flatMap((pair) => [pair.generated, pair.reference])),
    ...[reference, training?.style_ref, training?.aux].flatMap((set) => set?.pictures ?? []),
  ];
  return pictures.map(({ url }) => url);
}

async function toDataUri(dependencies: ApiDependencies, key: string, size: number): Promise<string> {
  if (size <= AS_IT_IS_BYTES) return `data:image/png;base64,${Buffer.from(await dependencies.objectStore.get(key)).toString('base64')}`;
  const small = await shrinkObject(dependencies, key, { side: LONGEST_SIDE, quality: 88, pixels: 0 });
  return `data:image/webp;base64,${small.toString('base64')}`;
}
