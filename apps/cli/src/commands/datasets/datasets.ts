// `styleforge datasets`: creates, fills, shows and deletes datasets.
import { counted } from '@styleforge/contracts';
import { type Dataset, type InspectedImage, inspectImages, type UploadResult } from '@styleforge/sdk';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { BadResult } from '../../exit-codes.ts';
import { formatBytes, formatTime } from '../../terminal/output.ts';
import type { Output } from '../../terminal/output.ts';
import { addVerb, limitOption } from '../../verb.ts';

type ListOptions = { limit: number };
type UploadOptions = { component?: string; caption?: string; direct?: true };

export function addDatasetCommands(program: Command): void {
  const datasets = program.command('datasets').description('Manage datasets: the images to train on');
  addFilling(datasets);
  addKeeping(datasets);
}

function addFilling(datasets: Command): void {
  addVerb(datasets, {
    usage: 'create <name> [paths...]',
    description: 'Create a dataset, and upload images, folders of images or zip archives to it',
    examples: ['styleforge datasets create "my style" pictures/style', 'styleforge datasets create "other images" --kind aux'],
    options: (command) =>
      void addDirectOption(addUploadOptions(command)).addOption(
        new Option('--kind <kind>', 'style_ref: the style to learn; aux: other images').choices(['style_ref', 'aux']).default('style_ref'),
      ),
    async run(context, { kind, ...labels }: UploadOptions & { kind: Dataset['kind'] }, name: string, paths: string[]) {
      if (paths.length > 0) noteDuplicates(context.output, await inspectImages(paths));
      const { id } = await context.client().datasets.create({ name, kind });
      const result = paths.length > 0 ? await upload(context, id, paths, labels) : null;
      const dataset = await context.client().datasets.get(id);
      context.output.result({ ...dataset, refused: result?.files.filter(({ status }) => status === 'refused') ?? [] }, () => {
        context.output.line(`${id}  ${counted(dataset.image_count, 'image')}`);
      });
      failIfRefused(result);
    },
  });
  addVerb(datasets, {
    usage: 'upload <dataset> <paths...>',
    description: 'Upload images, folders of images or zip archives',
    examples: ['styleforge datasets upload ds_... pictures/', 'styleforge datasets upload ds_... faces/*.png --component person'],
    options: (command) => void addDirectOption(addUploadOptions(command)),
    async run(context, labels: UploadOptions, id: string, paths: string[]) {
      const result = await upload(context, id, paths, labels);
      context.output.result(result, () => context.output.line(`${result.kept} kept, ${result.refused} refused`));
      failIfRefused(result);
    },
  });
  addVerb(datasets, {
    usage: 'import <dataset> <urls...>',
    description: 'Import images from URLs, which the service fetches',
    examples: ['styleforge datasets import ds_... https://example.com/lighthouse.png --caption "a lighthouse"'],
    options: (command) => void addUploadOptions(command),
    async run({ client, output }, labels: UploadOptions, id: string, urls: string[]) {
      const result = await client().datasets.importUrls(
        id,
        urls.map((url) => ({ url, ...labels })),
      );
      reportRefused(output, result);
      output.result(result, () => output.line(`${result.kept} kept, ${result.refused} refused`));
      failIfRefused(result);
    },
  });
}

function addKeeping(datasets: Command): void {
  addVerb(datasets, {
    usage: 'list',
    description: 'List datasets, newest first',
    examples: ['styleforge datasets list --limit 50'],
    options: (command) => void command.addOption(limitOption()),
    async run({ output, client }, { limit }: ListOptions) {
      const { data, has_more, next } = await client().datasets.list({ limit });
      output.result({ data, has_more, next }, () => {
        const rows = data.map(({ id, name, kind, image_count, size_bytes, created_at }) => [
          id,
          name,
          kind,
          image_count,
          formatBytes(size_bytes),
          formatTime(created_at),
        ]);
        output.table(
          ['ID', 'NAME', 'KIND', 'IMAGES', 'BYTES', 'CREATED'],
          rows,
          'There are no datasets yet. Create one: `styleforge datasets create NAME FOLDER`',
        );
      });
    },
  });
  addVerb(datasets, {
    usage: 'show <dataset>',
    description: 'Show a dataset and its images',
    examples: ['styleforge datasets show ds_...'],
    async run({ output, client }, _options, id: string) {
      const dataset = await client().datasets.get(id);
      output.result(dataset, () => {
        const { name, kind, image_count, size_bytes, created_at, images } = dataset;
        output.details([
          ['id', id],
          ['name', name],
          ['kind', kind],
          ['images', image_count],
          ['size', formatBytes(size_bytes)],
          ['created', formatTime(created_at)],
        ]);
        output.line();
        output.table(
          ['IMAGE', 'FILE', 'COMPONENT', 'SIZE', 'CAPTION'],
          images.map((image) => [image.id, image.file_name, image.component, `${image.width}x${image.height}`, image.caption]),
          'The dataset has no images.',
        );
      });
    },
  });
  addVerb(datasets, {
    usage: 'delete <dataset>',
    description: 'Delete a dataset and its images',
    examples: ['styleforge datasets delete ds_...'],
    async run({ output, client }, _options, id: string) {
      await client().datasets.delete(id);
      output.result({ id, deleted: true }, () => output.line(`${id} is deleted`));
    },
  });
}

function addUploadOptions(command: Command): Command {
  return command
    .option('--component <name>', 'component that the images show, such as person or background')
    .option('--caption <text>', 'caption for all of these images');
}

function addDirectOption(command: Command): Command {
  return command.option('--direct', 'send images directly to the object store if it signs links (S3)');
}

/** Prints a warning for each image that is there twice: the service keeps only one of the two. */
export function noteDuplicates(output: Output, images: InspectedImage[]): void {
  for (const { name, duplicateOf } of images) if (duplicateOf !== undefined) output.note(`${name} is the same image as ${duplicateOf}`);
}

/** Uploads images, and prints each refused file with its reason to standard error. */
export async function upload({ client, output }: Context, id: string, paths: string[], labels: UploadOptions = {}): Promise<UploadResult> {
  const result = await client().datasets.upload(id, paths, labels);
  reportRefused(output, result);
  return result;
}

function reportRefused(output: Output, { files }: UploadResult): void {
  for (const file of files) if (file.status === 'refused') output.note(`refused: ${file.file_name} ${file.detail} (${file.code})`);
}

function failIfRefused(result: UploadResult | null): void {
  if (result && result.refused > 0)
    throw new BadResult(`${result.refused} of ${counted(result.files.length, 'file')} ${result.refused === 1 ? 'was' : 'were'} refused`);
}
