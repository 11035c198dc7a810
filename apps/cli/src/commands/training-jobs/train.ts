// `styleforge train`: creates a training job from flags or a file, and follows it to its end.
import {
  ADAPTATION_KINDS,
  evaluatedPrompt,
  PRESET_NAMES,
  type PresetName,
  RANKED_ADAPTATION,
  styleWords,
  TRAINING_METHODS,
  type TrainingMethod,
} from '@styleforge/contracts';
import { NotFoundError, type TrainingJobCheckParams, type TrainingJobCreateParams } from '@styleforge/sdk';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { UsageError } from '../../exit-codes.ts';
import { followJob } from '../../follow.ts';
import { addVerb, collect, numberOf } from '../../verb.ts';
import { describeEstimate } from './presets.ts';
import { addMetadata, applySetting, checkDataset, datasetOf, inspectFolder, nameDataset, readBody, setField } from './job-file.ts';
import { showJob } from './show-job.ts';

interface TrainOptions {
  file?: string;
  method?: string;
  preset?: PresetName;
  adaptation?: string;
  rank?: string;
  baseModel?: string;
  styleRef?: string;
  aux?: string;
  steps?: string;
  learningRate?: string;
  resolution?: string;
  seed?: string;
  set?: string[];
  metadata?: string[];
  name?: string;
  evaluate?: boolean;
  detach?: boolean;
}

export function addTrainCommand(program: Command): void {
  addVerb(program, {
    usage: 'train',
    description: 'Train a model on a style, and follow the job. Ctrl-C leaves it running.',
    examples: [
      'styleforge train --base-model styleforge-mini --style-ref pictures/style --aux pictures/aux --steps 200',
      'styleforge train --file job.yaml --set hyperparameters.learning_rate=2e-5 --detach',
    ],
    options: addTrainOptions,
    run: train,
  });
}

function addTrainOptions(command: Command): void {
  command
    .option('-f, --file <file>', 'the request as YAML or JSON, with the fields of POST /v1/training-jobs; flags override it')
    .addOption(
      new Option('--method <method>', 'training method; default: the one in --file, otherwise single-styleforge').choices(TRAINING_METHODS),
    )
    .addOption(
      new Option('--preset <name>', 'preset to start from (see `styleforge presets`); flags and file override it').choices(PRESET_NAMES),
    )
    .addOption(new Option('--adaptation <kind>', 'which weights to train: all, or a small addition to them').choices(ADAPTATION_KINDS))
    .option('--rank <number>', 'rank of a LoRA')
    .option('--base-model <name>', 'base model to train (see `styleforge models list`); default: the only installed one')
    .option('--style-ref <dataset>', 'StyleRef images: the id of a dataset, or a folder to upload')
    .option('--aux <dataset>', 'Aux images: the id of a dataset, or a folder to upload')
    .option('--steps <number>', 'number of training steps (max_train_steps); default: that of the base model')
    .option('--learning-rate <number>', 'learning rate, such as 1e-4; default: that of the base model')
    .option('--resolution <pixels>', 'side of the training images; no image may be smaller; default: that of the base model')
    .option('--seed <number>', 'seed of the random numbers; default: that of the method')
    .option('--set <field=value>', 'any field of the request; may be repeated', collect)
    .option('--name <name>', 'name of the job')
    .option('--metadata <key=value>', 'label to store with the job; may be repeated', collect)
    .option('--evaluate', 'evaluate the result and compare it with the base model; `styleforge report` shows the report')
    .option('-d, --detach', 'return immediately instead of following the job');
}

async function train(context: Context, options: TrainOptions): Promise<void> {
  const { client, output } = context;
  const created = await client().trainingJobs.create(await requestOf(context, options));
  output.note(`${created.id}  ${created.method} of ${created.base_model}, ${created.config.hyperparameters.max_train_steps} steps`);
  const job = options.detach ? created : await followJob(context, created.id);
  output.result(job, () => {
    if (options.detach) return output.line(created.id);
    showJob(output, job);
    output.line(`\nNext: styleforge generate --model ${job.id} "${evaluatedPrompt('house', styleWords(job.config))}"`);
    if (job.config.evaluation) output.line(`      styleforge report ${job.id} --open`);
  });
}

async function requestOf(context: Context, options: TrainOptions): Promise<TrainingJobCreateParams> {
  const body = options.file === undefined ? {} : await readBody(options.file);
  setField(body, 'method', options.method ?? body['method'] ?? 'single-styleforge');
  setField(body, 'base_model', options.baseModel);
  setField(body, 'name', options.name);
  setField(body, 'adaptation.kind', options.adaptation ?? (options.rank === undefined ? undefined : RANKED_ADAPTATION));
  setField(body, 'adaptation.rank', numberOf('--rank', options.rank));
  setField(body, 'hyperparameters.max_train_steps', numberOf('--steps', options.steps));
  setField(body, 'hyperparameters.learning_rate', numberOf('--learning-rate', options.learningRate));
  setField(body, 'hyperparameters.resolution', numberOf('--resolution', options.resolution));
  setField(body, 'hyperparameters.seed', numberOf('--seed', options.seed));
  if (options.preset) await addPreset(context, body, options.preset);
  if (options.evaluate) setField(body, 'evaluation', { compare_with: ['base'], ...(body['evaluation'] as object | undefined) });
  for (const setting of options.set ?? []) applySetting(body, setting);
  for (const pair of options.metadata ?? []) addMetadata(body, pair);
  body['base_model'] ??= await onlyBaseModel(context);
  if (options.styleRef === undefined && body['style_ref'] === undefined && !continuesAnother(body))
    throw new UsageError('--style-ref: name a dataset, or a folder with 15 to 20 images of the style (styledrop: 1 image)');
  for (const dataset of [options.styleRef, options.aux]) await checkDataset(dataset);
  nameDataset(body, 'style_ref', options.styleRef);
  nameDataset(body, 'aux', options.aux);
  await checkBaseModel(context, body['base_model']);
  // Checked first, so that nothing is uploaded for a request that cannot succeed.
  const { estimate, hyperparameters } = await context.client().trainingJobs.check(body as TrainingJobCheckParams);
  for (const dataset of [options.styleRef, options.aux]) await inspectFolder(context, dataset, hyperparameters.resolution);
  context.output.note(describeEstimate(estimate));
  if (options.styleRef !== undefined) setField(body, 'style_ref.dataset_id', await datasetOf(context, options.styleRef, 'style_ref'));
  if (options.aux !== undefined) setField(body, 'aux.dataset_id', await datasetOf(context, options.aux, 'aux'));
  return body as TrainingJobCreateParams;
}

/** Whether the images come from another job: the second round of StyleDrop. */
const continuesAnother = ({ styledrop }: Record<string, unknown>): boolean =>
  typeof styledrop === 'object' && styledrop !== null && 'parent_job_id' in styledrop;

/** The default base model: the only usable one, if there is exactly one. */
async function onlyBaseModel({ client, output }: Context): Promise<string> {
  const [only, ...others] = (await client().baseModels.list()).filter(({ size_bytes: size }) => size > 0);
  if (only === undefined || others.length > 0) throw new UsageError('--base-model: name a base model; `styleforge models` lists them');
  output.note(`base model: ${only.name}`);
  return only.name;
}

/** Adds defaults for fields that neither flags nor file set. */
async function addPreset({ client }: Context, body: Record<string, unknown>, name: PresetName): Promise<void> {
  const base = body['base_model'];
  const presets = await client().trainingJobs.presets({
    ...(typeof base === 'string' && { base_model: base }),
    method: body['method'] as TrainingMethod,
  });
  const { request } = presets.find((preset) => preset.name === name)!;
  for (const [field, value] of Object.entries(request)) {
    const own = body[field];
    body[field] = typeof own === 'object' && own !== null ? { ...value, ...own } : (own ?? value);
  }
}

async function checkBaseModel({ client }: Context, name: unknown): Promise<void> {
  // The service refuses a base_model that is not a string.
  if (typeof name !== 'string') return;
  await client()
    .baseModels.get(name)
    .catch((error: unknown) => {
      throw error instanceof NotFoundError
        ? new UsageError(`--base-model: there is no base model ${name}; \`styleforge models\` lists them`)
        : error;
    });
}
