// "Try it with sample images": uploads the shipped samples and starts the job of `npm run demo`.
import type { BaseModel, StyleForge, TrainingJob } from '@styleforge/sdk';

type SampleSet = { style: string; licence: string; images: { file: string; component: string; caption: string }[] };
type Manifest = { size: number; style_ref: SampleSet; aux: SampleSet };
export type SampleKind = 'style_ref' | 'aux';

const FOLDER = '/app/samples';
const SUBJECTS = ['woman', 'house', 'bear', 'mushroom'];

export async function readSamples(): Promise<Manifest> {
  const response = await fetch(`${FOLDER}/manifest.json`);
  if (!response.ok) throw new Error(`the sample images cannot be read: ${response.status}`);
  return (await response.json()) as Manifest;
}

export const sampleImage = (file: string): string => `${FOLDER}/${file}`;

async function upload(client: StyleForge, kind: SampleKind, resolution: number): Promise<string> {
  const { style } = (await readSamples())[kind];
  const dataset = await client.datasets.create({ name: kind === 'style_ref' ? `Sample style: ${style}` : 'Sample Aux: people', kind });
  await addSamples(client, kind, { id: dataset.id, resolution });
  return dataset.id;
}

/** Uploads the samples of a kind to a dataset; returns the number of new images. */
export async function addSamples(
  client: StyleForge,
  kind: SampleKind,
  { id, resolution }: { id: string; resolution: number },
): Promise<number> {
  const manifest = await readSamples();
  const files = await Promise.all(
    manifest[kind].images.map(async ({ file, component, caption }) => ({
      file: await enlarged(await (await fetch(sampleImage(file))).blob(), manifest.size, resolution),
      name: file,
      component,
      caption,
    })),
  );
  return (await client.datasets.upload(id, files)).kept;
}

/** A base model refuses images that are smaller than its resolution. */
async function enlarged(png: Blob, from: number, to: number): Promise<Blob> {
  if (to <= from) return png;
  const canvas = new OffscreenCanvas(to, to);
  const context = canvas.getContext('2d')!;
  context.imageSmoothingQuality = 'high';
  context.drawImage(await createImageBitmap(png), 0, 0, to, to);
  return canvas.convertToBlob({ type: 'image/png' });
}

/** Reuses the datasets of an earlier attempt if they still exist. */
export async function sampleDataset(client: StyleForge, kind: SampleKind, resolution: number): Promise<string> {
  const name = kind === 'style_ref' ? 'Sample style: ink' : 'Sample Aux: people';
  for await (const dataset of client.datasets.list({ limit: 100 })) {
    if (dataset.name === name && dataset.kind === kind && dataset.image_count >= 20) return dataset.id;
  }
  return upload(client, kind, resolution);
}

export async function startSampleJob(client: StyleForge, models: BaseModel[]): Promise<TrainingJob> {
  const model = models.find(({ name }) => name === 'styleforge-mini') ?? models[0];
  if (!model) throw new Error('This installation has no base model. `npm run base-models` adds one.');
  const styleRef = await sampleDataset(client, 'style_ref', model.resolution);
  const aux = await sampleDataset(client, 'aux', model.resolution);
  return client.trainingJobs.create({
    method: 'single-styleforge',
    base_model: model.name,
    style_ref: { dataset_id: styleRef },
    aux: { dataset_id: aux },
    hyperparameters: { use_captions: true, checkpointing_steps: 50 },
    validation: { prompts: SUBJECTS.map((subject) => `a photo of [V] style, ${subject}`), every_steps: 20, steps: 15, seed: 42 },
    name: 'Sample: ink',
  });
}
