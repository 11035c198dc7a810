// A dataset as a zip archive with its captions, as a copy under another name, and Aux images that the base model generates.
import type { BaseModel, Dataset, DatasetDetail, GeneratedImage, StyleForge } from '@styleforge/sdk';
import { fetchAll, saveBlob, type ZipEntry, zipOf } from './zip.ts';

const stem = (name: string): string => name.replace(/\.[^.]*$/, '');
/** The service keeps images as PNG, whatever they were uploaded as. */
const pngName = (name: string): string => `${stem(name)}.png`;

export async function downloadDataset({ name, images }: DatasetDetail, onProgress: (done: number) => void): Promise<void> {
  const blobs = await fetchAll(
    images.map(({ url }) => url),
    onProgress,
  );
  const entries = images.flatMap(({ file_name: file, caption }, at): ZipEntry[] => [
    { name: pngName(file), content: blobs[at]! },
    ...(caption === null ? [] : [{ name: `${stem(file)}.txt`, content: new Blob([caption]) }]),
  ]);
  saveBlob(await zipOf(entries), `${name.replaceAll(/[^\w.-]+/g, '-')}.zip`);
}

export async function duplicateDataset(client: StyleForge, dataset: DatasetDetail): Promise<Dataset> {
  const { name, kind, images } = dataset;
  const copy = await client.datasets.create({ name: `${name} (copy)`.slice(-200), kind });
  const blobs = await fetchAll(images.map(({ url }) => url));
  await client.datasets.upload(
    copy.id,
    images.map(({ file_name: file, component, caption }, at) => ({
      file: blobs[at]!,
      name: pngName(file),
      ...(component && { component }),
      ...(caption && { caption }),
    })),
  );
  return copy;
}

const SUBJECTS = ['woman', 'man', 'child', 'grandmother', 'doctor'];
const OF_EACH = 4;

/** Twenty images of people in the base model's own styles. */
export async function generateAux(client: StyleForge, model: BaseModel, dataset: Pick<Dataset, 'id'>): Promise<number> {
  const prompts = SUBJECTS.map((subject) => `a ${subject}`);
  const started = await client.images.generate({ model: model.name, prompts, num_images: OF_EACH });
  const { images } = await client.images.waitFor(started.id);
  const blobs = await fetchAll(images.map(({ url }) => url));
  const file = ({ prompt, seed }: GeneratedImage) => `${prompt.replaceAll(' ', '-')}-${seed}.png`;
  const { kept } = await client.datasets.upload(
    dataset.id,
    images.map((image, at) => ({ file: blobs[at]!, name: file(image), caption: image.prompt, component: 'person' })),
  );
  return kept;
}
