// npm run bench -- start: seconds from the 202 of a submission to the first training step, of several jobs of the same shape one after
// another.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Config, loadConfig } from '@styleforge/config';
import { sampleStyle } from '@styleforge/samples';
import { stableDiffusion1 } from '../../base-models/layouts.ts';
import { writeRandomModel } from '../../base-models/random-model.ts';
import { readCommandLine } from '../../command-line.ts';
import { ApiClient } from '../../demo/api-client.ts';
import { choiceOption, numberOption } from '../../options.ts';
import { embeddedConfig } from '../../start/embedded-config.ts';
import { startService } from '../../start/start-service.ts';
import { print } from '../process.ts';
import { median } from '../statistics.ts';

/** A base model with random weights in the shape of Stable Diffusion 1.5, which the benchmark writes itself. */
const RANDOM_MODEL = 'random-sd15';
const ADAPTATIONS = ['full', 'lora'] as const;

const program = {
  usage: 'npm run bench -- start',
  about:
    'Starts a service, submits training jobs one after another, and prints the seconds from each response to the beginning and to the ' +
    'end of the first training step.',
  options: {
    'base-model': {
      type: 'string',
      default: 'styleforge-mini',
      help: `base model to fine-tune; BASE_MODELS_DIRECTORY has it, except ${RANDOM_MODEL}, which is written for the benchmark (2 GB)`,
    },
    adaptation: { type: 'string', default: 'full', help: `what is trained: ${ADAPTATIONS.join(' or ')}` },
    jobs: { type: 'string', default: '5', help: 'number of jobs; the first one is cold' },
    steps: { type: 'string', default: '3', help: 'training steps of each job' },
    images: { type: 'string', default: '16', help: 'StyleRef images of each job' },
  },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = readCommandLine({ ...program, args });
  const jobs = numberOption('jobs', values.jobs);
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-start-'));
  const service = await startService({ config: await withModel(embeddedConfig(loadConfig(), directory), values['base-model']) });
  try {
    const client = new ApiClient(service.url, service.apiKey ?? '');
    const request = await requestOf(client, values['base-model'], {
      steps: numberOption('steps', values.steps),
      images: numberOption('images', values.images),
      adaptation: choiceOption('adaptation', values.adaptation, ADAPTATIONS),
    });
    const starts: Start[] = [];
    for (let job = 1; job <= jobs; job += 1) {
      const start = await measureStart(client, request, service.logDirectory);
      print({ what: 'start of a job', job, ...start });
      starts.push(start);
    }
    for (const figure of ['first_step_begins_s', 'first_step_s'] as const) {
      const [cold, ...warm] = starts.map((start) => start[figure]);
      print({ what: figure, cold_s: cold, ...(warm.length > 0 && { warm_median_s: median(warm) }) });
    }
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The config with a folder that has the random model, if that is the base model. */
async function withModel(config: Config, baseModel: string): Promise<Config> {
  if (baseModel !== RANDOM_MODEL) return config;
  const baseModelsDirectory = path.join(config.dataDirectory, 'models');
  await writeRandomModel(path.join(baseModelsDirectory, RANDOM_MODEL), stableDiffusion1());
  return { ...config, baseModelsDirectory };
}

type TrainingJobRequest = Parameters<ApiClient['createTrainingJob']>[0];

async function requestOf(
  client: ApiClient,
  baseModel: string,
  { steps, images, adaptation }: { steps: number; images: number; adaptation: (typeof ADAPTATIONS)[number] },
): Promise<TrainingJobRequest> {
  const { resolution } = await client.findBaseModel(baseModel);
  const pictures = (await sampleStyle('ink', { size: resolution })).slice(0, images);
  const { id } = await client.createDataset('start', 'style_ref', pictures);
  return {
    method: 'single-styleforge',
    base_model: baseModel,
    style_ref: { dataset_id: id },
    adaptation: { kind: adaptation },
    hyperparameters: { max_train_steps: steps, checkpointing_steps: null },
    early_stopping: null,
  };
}

/** The log message at the end of the first step, which also has the step's own seconds. */
const FIRST_STEP = 'first training step done';

/** Log messages of the worker before the first step. */
const marks = {
  'training job claimed': 'claimed_s',
  'the child process begins': 'child_s',
  [FIRST_STEP]: 'first_step_s',
} as const;

type Start = Record<(typeof marks)[keyof typeof marks] | 'first_step_begins_s' | 'whole_s', number>;

/** Seconds after the response, by the worker's log. */
async function measureStart(client: ApiClient, request: TrainingJobRequest, logDirectory: string): Promise<Start> {
  const { id } = await client.createTrainingJob(request);
  const start = Date.now();
  await client.waitForJob(id, () => undefined);
  const whole = (Date.now() - start) / 1000;
  const lines = (await readFile(path.join(logDirectory, 'worker.log'), 'utf8')).split('\n').filter((line) => line.includes(id));
  const logged = lines.map((line) => JSON.parse(line) as { msg: string; time: number | string; stepSeconds?: number });
  const figures = Object.entries(marks).map(([text, name]) => {
    const line = logged.find(({ msg }) => msg === text);
    if (!line) throw new Error(`the worker's log has no '${text}' for ${id}`);
    return [name, (new Date(line.time).getTime() - start) / 1000];
  });
  const marked = Object.fromEntries(figures) as Record<(typeof marks)[keyof typeof marks], number>;
  const { stepSeconds = 0 } = logged.find(({ msg }) => msg === FIRST_STEP) ?? {};
  return { ...marked, first_step_begins_s: marked.first_step_s - stepSeconds, whole_s: whole };
}
