// Runs one job on the user's images over HTTP, and writes images, a sheet, a report and the settings that repeat it.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contactSheet } from '@styleforge/samples';
import {
  type CreateTrainingJobRequest,
  type EvaluationRequest,
  evaluatedPrompt,
  styleWords,
  type TrainingJobBody,
  VERSION,
} from '@styleforge/contracts';
import { type ApiClient, type Upload } from '../demo/api-client.ts';
import { followJob } from '../demo/follow-job.ts';
import { trainDreamBooth } from './dreambooth.ts';

/**
 * Fields of `POST /v1/training-jobs` that differ from the defaults. The showcase sets the prompts, seed and comparison of the evaluation.
 */
export type JobSettings = Partial<
  Pick<CreateTrainingJobRequest, 'method' | 'adaptation' | 'hyperparameters' | 'validation' | 'early_stopping'>
> & { evaluation?: Partial<EvaluationRequest> };

export interface ShowcaseOptions {
  readonly baseModel: string;
  /** Folder of the base model, for diffusers. */
  readonly baseModelDirectory: string;
  readonly images: { readonly style: readonly Upload[]; readonly aux: readonly Upload[] };
  /** Source folders of the images, which are recorded and read again by diffusers. */
  readonly folders: { readonly style: string; readonly aux: string | null };
  readonly subjects: readonly string[];
  readonly job: JobSettings;
  readonly seed: number;
  readonly python?: string | undefined;
  readonly directory: string;
}

export interface ShowcaseResult {
  sheet: string;
  report: string;
  settings: string;
}

/** Rows of the sheet, by label. */
type Rows = Record<string, readonly Uint8Array[]>;

/** Maximum side of an image on the sheet in pixels, so that a sheet of large images stays readable. */
const CELL = 256;

export async function runShowcase(client: ApiClient, options: ShowcaseOptions): Promise<ShowcaseResult> {
  const { baseModel, images, subjects, directory, seed } = options;
  await mkdir(directory, { recursive: true });
  const styleRef = await client.createDataset('style', 'style_ref', [...images.style]);
  const aux = images.aux.length > 0 ? await client.createDataset('aux', 'aux', [...images.aux]) : null;
  const job = await client.createTrainingJob({
    method: 'single-styleforge',
    ...options.job,
    base_model: baseModel,
    style_ref: { dataset_id: styleRef.id },
    ...(aux && { aux: { dataset_id: aux.id } }),
    evaluation: { ...options.job.evaluation, prompts: [...subjects], seed, compare_with: ['base'] },
  });
  const trained = await followJob(client, job.id);
  const words = styleWords(job.config);
  const prompts = subjects.map((subject) => evaluatedPrompt(subject, words));
  const { sampler, steps, guidance_scale } = job.config.evaluation!;
  const sampling = { prompts, seed, sampler, steps, guidance_scale };
  console.log(`Generating ${prompts.length} images before and after training ...`);
  const rows: Rows = {
    [`before: ${baseModel}`]: await client.generate({ model: baseModel, ...sampling }),
    [`after: ${job.method}, step ${trained.result?.best?.step ?? trained.result?.final_step}`]: await client.generate({
      model: job.id,
      ...sampling,
    }),
  };
  if (options.python !== undefined)
    rows["diffusers' DreamBooth"] = await trainDreamBooth(options.python, {
      baseModelDirectory: options.baseModelDirectory,
      styleDirectory: options.folders.style,
      job,
      prompts,
      seed,
      sampling: { steps, guidance_scale },
      directory: join(directory, 'dreambooth'),
    });
  return writeResults(options, { job, rows, prompts, report: await client.report(job.id) });
}

interface Made {
  job: TrainingJobBody;
  rows: Rows;
  prompts: readonly string[];
  report: string;
}

async function writeResults(options: ShowcaseOptions, { job, rows, prompts, report }: Made): Promise<ShowcaseResult> {
  const { directory, images, subjects, seed, baseModel, folders } = options;
  for (const [index, generated] of Object.values(rows).entries()) {
    const folder = join(directory, ['before', 'after', 'dreambooth'][index]!);
    await mkdir(folder, { recursive: true });
    for (const [i, png] of generated.entries()) await writeFile(join(folder, `${String(i).padStart(3, '0')}.png`), png);
  }
  const written = {
    sheet: join(directory, 'sheet.png'),
    report: join(directory, 'report.html'),
    settings: join(directory, 'settings.json'),
  };
  const style = images.style.slice(0, subjects.length).map(({ png }) => png);
  await writeFile(
    written.sheet,
    await drawSheet({ ...rows, 'the style: some of its images': style }, { subjects, job, prompts, baseModel, seed }),
  );
  await writeFile(written.report, report);
  const record = { version: VERSION, base_model: baseModel, folders, seed, subjects, prompts, config: job.config };
  await writeFile(written.settings, `${JSON.stringify(record, null, 2)}\n`);
  return written;
}

interface SheetText {
  subjects: readonly string[];
  job: TrainingJobBody;
  prompts: readonly string[];
  baseModel: string;
  seed: number;
}

function drawSheet(rows: Rows, { subjects, job, prompts, baseModel, seed }: SheetText): Promise<Buffer> {
  const { resolution } = job.config.hyperparameters;
  return contactSheet({
    rows: Object.entries(rows).map(([label, pngs]) => ({ label, images: pngs })),
    columnLabels: subjects,
    title: `${job.method} on ${baseModel}, ${resolution} pixels`,
    subtitle: `The same prompts ("${prompts[0]}" ...) and the same seeds (${seed} ...) in every row of generated images`,
    scale: Math.min(2, CELL / resolution),
  });
}
