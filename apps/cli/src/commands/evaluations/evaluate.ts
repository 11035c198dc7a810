// `styleforge evaluate` measures a model and waits for the report; `styleforge evaluations` lists, follows and cancels evaluations.
import { CLIP_EXTRACTORS, counted, EXTRACTORS, METRICS, SAMPLERS } from '@styleforge/contracts';
import type { Evaluation, EvaluationCreateParams } from '@styleforge/sdk';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { UsageError } from '../../exit-codes.ts';
import { followEvaluation } from '../../follow.ts';
import { formatTime } from '../../terminal/output.ts';
import type { Output } from '../../terminal/output.ts';
import { addVerb, collect, limitOption, numberOf } from '../../verb.ts';
import { datasetOf, readBody, setField } from '../training-jobs/job-file.ts';
import { showReport } from './show-report.ts';

interface EvaluateOptions {
  file?: string;
  prompt?: string[];
  promptSet?: string;
  number?: string;
  reference?: string;
  compareWith?: string[];
  metric?: EvaluationCreateParams['metrics'];
  extractor?: EvaluationCreateParams['extractor'];
  clipExtractor?: EvaluationCreateParams['clip_extractor'];
  sampler?: EvaluationCreateParams['sampler'];
  steps?: string;
  guidanceScale?: string;
  negativePrompt?: string;
  seed?: string;
  detach?: boolean;
}

export function addEvaluateCommands(program: Command): void {
  addVerb(program, {
    usage: 'evaluate <model>',
    description: 'Measure a model: generate images with it and with others, and report FID, KID and CLIP scores. Ctrl-C leaves it running.',
    examples: [
      'styleforge evaluate job_... --compare-with base',
      'styleforge evaluate styleforge-mini --reference pictures/style --prompt "a house" --prompt "a cat" -n 4',
      'styleforge evaluate job_... --file evaluation.yaml --detach',
    ],
    options: addEvaluateOptions,
    run: evaluate,
  });
  addEvaluations(program.command('evaluations').description('List, follow and cancel evaluations'));
}

function addEvaluations(evaluations: Command): void {
  addVerb(evaluations, {
    usage: 'list',
    description: 'List evaluations, newest first',
    examples: ['styleforge evaluations list --limit 50'],
    options: (command) => void command.addOption(limitOption()),
    run: listEvaluations,
  });
  addVerb(evaluations, {
    usage: 'show <evaluation>',
    description: 'Show the status of an evaluation; `styleforge report` shows its report',
    examples: ['styleforge evaluations show eval_...'],
    async run({ client, output }, _options, id: string) {
      const evaluation = await client().evaluations.get(id);
      output.result(evaluation, () => showEvaluation(output, evaluation));
    },
  });
  addVerb(evaluations, {
    usage: 'follow <evaluation>',
    description: 'Follow an evaluation until its report is ready; exits with 7 if it fails',
    examples: ['styleforge evaluations follow eval_...'],
    run: (context, _options, id: string) => followToReport(context, id),
  });
  addVerb(evaluations, {
    usage: 'cancel <evaluation>',
    description: 'Cancel an evaluation',
    examples: ['styleforge evaluations cancel eval_...'],
    async run({ client, output }, _options, id: string) {
      const evaluation = await client().evaluations.cancel(id);
      output.result(evaluation, () =>
        output.line(
          `${id}  ${evaluation.cancel_requested && evaluation.status === 'running' ? 'is being cancelled' : output.status(evaluation.status)}`,
        ),
      );
    },
  });
}

function addEvaluateOptions(command: Command): void {
  const choices = (flags: string, description: string, values: readonly string[]) => new Option(flags, description).choices(values);
  command
    .option('-f, --file <file>', 'the request as YAML or JSON, with the fields of POST /v1/evaluations; flags override it')
    .option(
      '--prompt <text>',
      "prompt, may be repeated; [V] stands for the style's token; default: the shipped prompts for the base model",
      collect,
    )
    .option('--prompt-set <name>', 'prompt set to use instead of --prompt: its name, name@version or id')
    .option('-n, --number <number>', 'images for each prompt')
    .option('--reference <dataset>', 'images to compare with: the id of a dataset, or a folder; default: the StyleRef images of the job')
    .option('--compare-with <model>', 'model to compare with: base, a job, a checkpoint or a base model; may be repeated', collect)
    .addOption(
      new Option('--metric <metric>', `metric to compute, may be repeated: ${METRICS.join(', ')}; default: all`).argParser(collect),
    )
    .addOption(choices('--extractor <extractor>', 'extractor for FID and KID', EXTRACTORS))
    .addOption(choices('--clip-extractor <extractor>', 'extractor for CLIP scores', CLIP_EXTRACTORS))
    .addOption(choices('--sampler <sampler>', '', SAMPLERS))
    .option('--steps <number>', 'sampling steps of each image')
    .option('--guidance-scale <number>', 'how strongly images follow the prompt; default: that of the base model')
    .option('--negative-prompt <text>', 'what images should not show')
    .option('--seed <number>', 'seed of the first image')
    .option('-d, --detach', 'return immediately instead of following the evaluation');
}

async function evaluate(context: Context, options: EvaluateOptions, model: string): Promise<void> {
  const { client, output } = context;
  const created = await client().evaluations.create(await requestOf(context, options, model));
  const { id, config } = created;
  output.note(
    `${id}  ${counted(config.models.length, 'model')}, ${counted(config.prompts.length, 'prompt')}, ` +
      `${counted(config.num_images, 'image')} each`,
  );
  if (options.detach) output.result(created, () => output.line(id));
  else await followToReport(context, id);
}

async function followToReport(context: Context, id: string): Promise<void> {
  await followEvaluation(context, id);
  const report = await context.client().evaluations.report(id);
  context.output.result(report, () => {
    showReport(context.output, report);
    context.output.line(`\nWith its images: styleforge report ${id} --open`);
  });
}

async function requestOf(context: Context, options: EvaluateOptions, model: string): Promise<EvaluationCreateParams> {
  if (options.prompt && options.promptSet !== undefined) throw new UsageError('--prompt and --prompt-set: use only one of them');
  const body = options.file === undefined ? {} : await readBody(options.file);
  const fields = {
    model,
    prompts: options.prompt ?? options.promptSet,
    num_images: numberOf('--number', options.number),
    compare_with: options.compareWith,
    metrics: options.metric,
    extractor: options.extractor,
    clip_extractor: options.clipExtractor,
    sampler: options.sampler,
    steps: numberOf('--steps', options.steps),
    guidance_scale: numberOf('--guidance-scale', options.guidanceScale),
    negative_prompt: options.negativePrompt,
    seed: numberOf('--seed', options.seed),
  };
  for (const [name, value] of Object.entries(fields)) setField(body, name, value);
  if (options.reference !== undefined) setField(body, 'reference_dataset_id', await datasetOf(context, options.reference, 'style_ref'));
  return body as EvaluationCreateParams;
}

async function listEvaluations({ client, output }: Context, { limit }: { limit: number }): Promise<void> {
  const { data, has_more, next } = await client().evaluations.list({ limit });
  output.result({ data, has_more, next }, () => {
    const rows = data.map(({ id, status, config, training_job_id, created_at }) => [
      id,
      status,
      config.models[0]?.label,
      config.models.length - 1,
      training_job_id,
      formatTime(created_at),
    ]);
    output.table(
      ['ID', 'STATUS', 'MODEL', 'COMPARED WITH', 'STAGE OF', 'CREATED'],
      rows,
      'There are no evaluations. To start one, see `styleforge evaluate --help`.',
    );
  });
}

function showEvaluation(output: Output, { id, status, progress, config, training_job_id, error, created_at }: Evaluation): void {
  output.details([
    ['id', id],
    ['status', status],
    ['models', config.models.map(({ label }) => label).join(', ')],
    ['prompts', config.prompts.length],
    ['stage of', training_job_id],
    ['now', progress && status === 'running' ? `${progress.phase} ${progress.done}/${progress.of}` : null],
    ['error', error && `${error.code}: ${error.message}`],
    ['created', formatTime(created_at)],
  ]);
}
