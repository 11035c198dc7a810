// Runs one Single-StyleForge job over HTTP: uploads images, trains, and makes a sheet that shows the change.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contactSheet, listSampleStyles, sampleStyle, type SampleImage } from '@styleforge/samples';
import { ApiClient, type Upload } from './api-client.ts';
import { followJob } from './follow-job.ts';

export interface DemoOptions {
  baseModel: string;
  /** Style to teach: a sample style that the base model has not seen. */
  style: string;
  /** A base style, for the Aux images. */
  auxStyle: string;
  /** Default: the base model's own setting. */
  steps?: number | undefined;
  /** Folder for the generated images. */
  directory: string;
}

export interface DemoResult {
  sheet: string;
  /** The report as an HTML page. */
  report: string;
  before: string;
  after: string;
  jobId: string;
}

/** Subjects that no uploaded StyleRef image shows. */
const subjects = ['woman', 'baby', 'firefighter', 'old woman', 'alien', 'mushroom', 'bus', 'bear', 'butterfly', 'house'];
const prompts = subjects.map((subject) => `a photo of zwx style, ${subject}`);
const seed = 42;
/** Small settings of the evaluation for a demo; the defaults are for final reports. */
const evaluationSteps = 15;

export async function runDemo(client: ApiClient, options: DemoOptions): Promise<DemoResult> {
  const { baseModel, style, auxStyle, steps, directory } = options;
  const model = await client.findBaseModel(baseModel);
  console.log(`Base model ${model.name}: ${model.resolution} x ${model.resolution} pixels, licence ${model.license ?? 'unknown'}`);

  const styleRefImages = await sampleStyle(style, { size: model.resolution });
  const auxImages = await sampleStyle(auxStyle, { size: model.resolution });
  const styleRef = await client.createDataset(`${style} StyleRef`, 'style_ref', styleRefImages.map(showing));
  const aux = await client.createDataset(`${auxStyle} Aux`, 'aux', auxImages.map(showing));
  console.log(
    `Uploaded ${styleRef.image_count} StyleRef images of the style ${style} and ${aux.image_count} Aux images of the style ${auxStyle}`,
  );

  const before = await generate(client, baseModel, 'before training');
  const job = await client.createTrainingJob({
    method: 'single-styleforge',
    base_model: baseModel,
    style_ref: { dataset_id: styleRef.id },
    aux: { dataset_id: aux.id },
    hyperparameters: { use_captions: true, ...(steps && { max_train_steps: steps }) },
    evaluation: { prompts: subjects, steps: evaluationSteps, seed, compare_with: ['base'] },
    metadata: { made_by: 'demo', style },
  });
  const { max_train_steps: of, learning_rate: rate, train_batch_size: batch } = job.config.hyperparameters;
  console.log(`Training job ${job.id}: ${of} steps of ${batch} StyleRef + ${batch} Aux images, learning rate ${rate}`);
  const kept = (await train(client, job.id)) ?? of;
  const after = await generate(client, job.id, 'after training');

  const written = {
    before: join(directory, 'before'),
    after: join(directory, 'after'),
    sheet: join(directory, 'before-after.png'),
    report: join(directory, 'report.html'),
  };
  await writePngs(written.before, before);
  await writePngs(written.after, after);
  await writeFile(written.sheet, await drawSheet(style, styleRefImages, before, after, kept));
  await writeFile(written.report, await client.report(job.id));
  return { ...written, jobId: job.id };
}

/** Captions describe what an image shows; the token stands for its style. */
const showing = ({ fileName, png, component, subject }: SampleImage): Upload => ({ fileName, png, component, caption: subject });

/** The step that early stopping chose; null without early stopping. */
async function train(client: ApiClient, jobId: string): Promise<number | null> {
  const { started_at: start, finished_at: end, result } = await followJob(client, jobId);
  if (start && end) console.log(`Trained in ${Math.round((Date.parse(end) - Date.parse(start)) / 1_000)} seconds`);
  if (result?.best) console.log(`Kept the checkpoint of step ${result.best.step}: ${result.best.metric} ${result.best.value.toFixed(1)}`);
  return result?.best?.step ?? null;
}

async function generate(client: ApiClient, model: string, when: string): Promise<Buffer[]> {
  console.log(`Generating ${prompts.length} images ${when} ...`);
  return client.generate({ model, prompts, seed });
}

async function writePngs(directory: string, images: Buffer[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [index, png] of images.entries()) await writeFile(join(directory, `${subjects[index]?.replaceAll(' ', '-')}.png`), png);
}

function drawSheet(style: string, styleRef: SampleImage[], before: Buffer[], after: Buffer[], steps: number): Promise<Buffer> {
  const half = subjects.length / 2;
  const licence = listSampleStyles().find(({ id }) => id === style)?.licence;
  const shown = [
    ...styleRef.filter(({ component }) => component === 'person').slice(0, half),
    ...styleRef.filter(({ component }) => component !== 'person').slice(0, half),
  ];
  return contactSheet({
    rows: [
      { label: 'before', images: before },
      { label: 'after', images: after },
      { label: 'the style: ten of the uploaded StyleRef images', images: shown.map(({ png }) => png) },
    ],
    columnLabels: subjects,
    title: `${style}: ${steps} steps of Single-StyleForge`,
    subtitle: `Before and after: the same prompts ("${prompts[0]}" ...) and the same seeds (${seed} ...)`,
    ...(licence && { footer: `StyleRef images made from ${licence.attribution} (${licence.spdx}).` }),
  });
}
