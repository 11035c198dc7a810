// `styleforge jobs`: shows, follows and controls training jobs.
import type { TrainingJob, TrainingJobEvent, TrainingJobListParams, TrainingJobStatus } from '@styleforge/sdk';
import { JOB_STATUSES } from '@styleforge/contracts';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { UsageError } from '../../exit-codes.ts';
import { followJob, untilInterrupted } from '../../follow.ts';
import { formatTime } from '../../terminal/output.ts';
import type { Output } from '../../terminal/output.ts';
import { describe } from '../../terminal/progress.ts';
import { addVerb, limitOption, numberOf } from '../../verb.ts';
import { addFeedbackCommand } from '../evaluations/feedback.ts';
import { showJob } from './show-job.ts';

export function addJobCommands(program: Command): void {
  const jobs = program.command('jobs').description('Manage training jobs: follow, pause, resume, cancel, delete');
  addReading(jobs);
  addChanging(jobs);
  addFeedbackCommand(jobs);
  steer(jobs, 'cancel', 'Cancel a job; a running one saves a checkpoint first', (context, id) => context.client().trainingJobs.cancel(id));
  steer(jobs, 'pause', 'Pause a job at a checkpoint', (context, id) => context.client().trainingJobs.pause(id));
  steer(jobs, 'save', 'Save a checkpoint of a running job, which continues', (context, id) => context.client().trainingJobs.saveNow(id));
  steer(jobs, 'sample', 'Generate sample images of a running job, which continues', (context, id) =>
    context.client().trainingJobs.sampleNow(id),
  );
}

function addReading(jobs: Command): void {
  addVerb(jobs, {
    usage: 'list',
    description: 'List jobs, newest first',
    examples: ['styleforge jobs list --status running', 'styleforge jobs list --json | jq -r ".data[].id"'],
    options: (command) => void command.addOption(new Option('--status <status>').choices(JOB_STATUSES)).addOption(limitOption()),
    run: listJobs,
  });
  addVerb(jobs, {
    usage: 'show <job>',
    description: 'Show a job',
    examples: ['styleforge jobs show job_...'],
    async run({ output, client }, _options, id: string) {
      const job = await client().trainingJobs.get(id);
      output.result(job, () => showJob(output, job));
    },
  });
  addVerb(jobs, {
    usage: 'follow <job>',
    description: 'Follow a job until it ends; exits with 7 if the job fails',
    examples: ['styleforge jobs follow job_...'],
    async run(context, _options, id: string) {
      const job = await followJob(context, id);
      context.output.result(job, () => showJob(context.output, job));
    },
  });
  addVerb(jobs, {
    usage: 'logs <job>',
    description: "Print the job's event log",
    examples: [
      'styleforge jobs logs job_... --follow',
      'styleforge jobs logs job_... --follow --json   # one JSON object per line',
      'styleforge jobs logs job_... --worker',
    ],
    options: (command) =>
      void command
        .option('-f, --follow', 'continue to print events until the job ends')
        .option('--worker', 'print the last lines that workers have logged about the job instead'),
    run: printLog,
  });
}

function addChanging(jobs: Command): void {
  addVerb(jobs, {
    usage: 'rename <job> <name>',
    description: 'Give a job a name',
    examples: ['styleforge jobs rename job_... "ink, 400 steps"'],
    async run({ client, output }, _options, id: string, name: string) {
      const job = await client().trainingJobs.update(id, { name });
      output.result(job, () => output.line(`${job.id}  ${job.name}`));
    },
  });
  addVerb(jobs, {
    usage: 'delete <job>',
    description: 'Delete a finished job with its checkpoints and images',
    examples: ['styleforge jobs delete job_...'],
    async run({ client, output }, _options, id: string) {
      await client().trainingJobs.delete(id);
      output.result({ id, deleted: true }, () => output.line(`${id}  deleted`));
    },
  });
  addVerb(jobs, {
    usage: 'resume <job>',
    description: 'Continue a job from its last checkpoint; a finished job needs more steps',
    examples: ['styleforge jobs resume job_...', 'styleforge jobs resume job_... --steps 400'],
    options: (command) => void command.option('--steps <number>', 'new total number of training steps (max_train_steps)'),
    async run({ client, output }, options: { steps?: string }, id: string) {
      const steps = numberOf('--steps', options.steps);
      const job = await client().trainingJobs.resume(id, steps === undefined ? {} : { max_train_steps: steps });
      output.result(job, () => output.line(`${job.id}  ${output.status(job.status)}`));
    },
  });
}

function steer(jobs: Command, verb: string, description: string, act: (context: Context, id: string) => Promise<TrainingJob>): void {
  addVerb(jobs, {
    usage: `${verb} <job>`,
    description,
    examples: [`styleforge jobs ${verb} job_...`],
    async run(context, _options, id: string) {
      const job = await act(context, id);
      context.output.result(job, () =>
        context.output.line(`${job.id}  ${context.output.status(job.status)}${isStopping(job) ? ', stops soon' : ''}`),
      );
    },
  });
}

function isStopping({ status, cancel_requested }: TrainingJob): boolean {
  return cancel_requested && !['succeeded', 'failed', 'cancelled'].includes(status);
}

async function listJobs({ output, client }: Context, { status, limit }: { status?: TrainingJobStatus; limit: number }): Promise<void> {
  const query: TrainingJobListParams = { limit, ...(status && { status }) };
  const { data, has_more, next } = await client().trainingJobs.list(query);
  output.result({ data, has_more, next }, () => {
    const rows = data.map((job) => [
      job.id,
      job.status,
      job.method,
      job.base_model,
      `${job.progress.step}/${job.progress.of}`,
      job.progress.loss?.toFixed(4),
      formatTime(job.created_at),
    ]);
    output.table(
      ['ID', 'STATUS', 'METHOD', 'BASE MODEL', 'STEP', 'LOSS', 'CREATED'],
      rows,
      'There are no jobs. To start one, see `styleforge train --help`.',
    );
  });
}

type LogOptions = { follow?: boolean; worker?: boolean };

async function printLog(context: Context, { follow, worker }: LogOptions, id: string): Promise<void> {
  const { client, output } = context;
  if (follow && worker) throw new UsageError('--follow and --worker cannot be combined: --worker prints only existing lines');
  if (worker) return printWorkerLog(context, id);
  if (follow) {
    return untilInterrupted(`styleforge jobs logs --follow ${id}`, async (signal) => {
      for await (const event of client().trainingJobs.events(id, { signal }))
        output.line(output.json ? JSON.stringify(event) : describeEvent(output, event));
    });
  }
  const data: TrainingJobEvent[] = [];
  for await (const event of client().trainingJobs.log(id, { limit: 100 })) data.push(event);
  output.result({ data }, () => data.forEach((event) => output.line(describeEvent(output, event))));
}

async function printWorkerLog({ client, output }: Context, id: string): Promise<void> {
  const log = await client().trainingJobs.workerLog(id, { lines: 1_000 });
  output.result(log, () =>
    log.data.forEach(({ time, level, message, details }) => {
      const fields = Object.entries(details).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
      output.line([output.style('dim', time.slice(0, 19).replace('T', ' ')), level.padEnd(5), message, ...fields].join(' '));
    }),
  );
}

function describeEvent(output: Output, event: TrainingJobEvent): string {
  if (event.type === 'progress') {
    const { step, of } = event.data;
    return output.style('dim', `                     ${step}/${of}  ${describe({ status: 'running', progress: event.data })}`);
  }
  const details = Object.entries(event.data)
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' ');
  return `${output.style('dim', event.created_at.slice(0, 19).replace('T', ' '))}  ${event.type}  ${details}`.trimEnd();
}
