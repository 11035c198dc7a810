// `styleforge images`: lists the images of the project, and saves those of one generation as files.
import { IMAGE_KINDS, type ImageKind } from '@styleforge/contracts';
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatTime } from '../../terminal/output.ts';
import { addVerb, limitOption } from '../../verb.ts';
import { addSaveOptions, saveWhenReady } from './generate.ts';

type ListOptions = { limit: number; kind: ImageKind; model?: string; trainingJob?: string; starred?: true };

export function addImageCommands(program: Command): void {
  const images = program.command('images').description('List and download generated images');
  addVerb(images, {
    usage: 'save <generation>',
    description: 'Save the images of a generation; waits until all of them have been generated',
    examples: ['styleforge images save gen_... --out images'],
    options: (command) => void addSaveOptions(command),
    run: saveWhenReady,
  });
  addVerb(images, {
    usage: 'list',
    description: 'List the images of the whole project, newest first',
    examples: [
      'styleforge images list --model my-style --starred',
      'styleforge images list --kind validation --training-job job_... --starred',
    ],
    options: addListOptions,
    async run({ output, client }, { limit, kind, model, trainingJob, starred }: ListOptions) {
      const only = {
        ...(model && { model }),
        ...(trainingJob && { training_job: trainingJob }),
        ...(starred && { starred: 'true' as const }),
      };
      const { data, has_more, next } = await client().images.all({ limit, kind, ...only });
      output.result({ data, has_more, next }, () => {
        const rows = data.map(({ url, prompt, seed, created_at }) => [url, seed, formatTime(created_at), prompt]);
        output.table(['IMAGE', 'SEED', 'CREATED', 'PROMPT'], rows, 'There are no such images.');
      });
    },
  });
}

function addListOptions(command: Command): void {
  command
    .addOption(new Option('--kind <kind>', 'only images of this kind').choices(IMAGE_KINDS).default('generation'))
    .option('--model <model>', 'only images of this named model, base model, checkpoint or job')
    .option('--training-job <job>', 'only images of checkpoints of this job')
    .option('--starred', 'only images with a star')
    .addOption(limitOption());
}
