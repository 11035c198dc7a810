// `styleforge models`: manages the named models of the project, and lists the base models.
import type { Model } from '@styleforge/sdk';
import type { Command } from 'commander';
import { formatBytes, formatTime } from '../../terminal/output.ts';
import type { Output } from '../../terminal/output.ts';
import { addVerb } from '../../verb.ts';
import { addModelDownload } from './model-download.ts';
import { addModelUpload } from './model-upload.ts';

type DescribeOptions = { description?: string; license?: string; template?: string; cover?: string; notes?: string };

export function addModelCommands(program: Command): void {
  const models = program.command('models').description('Manage named models with their versions and aliases, and list base models');
  addVerb(models, {
    usage: 'list',
    isDefault: true,
    description: 'List named models and base models',
    examples: ['styleforge models list', 'styleforge models create ink --from job_...', 'styleforge generate --model ink "a cat"'],
    async run({ output, client }) {
      const [bases, named] = [await client().baseModels.list(), await client().models.list({ limit: 100 })];
      output.result({ data: bases, models: named.data }, () => {
        const rows = named.data.map((model) => [
          model.name,
          model.latest?.version,
          model.latest?.provenance.base_model.name,
          model.prompt_template,
          formatTime(model.updated_at),
        ]);
        output.table(
          ['MODEL', 'VERSION', 'BASE', 'PROMPT', 'CHANGED'],
          rows,
          'No model has a name yet: styleforge models create NAME --from job_...',
        );
        output.line();
        const baseRows = bases.map(({ name, resolution, license, size_bytes, title }) => [
          name,
          `${resolution} px`,
          license,
          formatBytes(size_bytes),
          title,
        ]);
        output.table(
          ['BASE MODEL', 'SIZE', 'LICENCE', 'BYTES', 'TITLE'],
          baseRows,
          'There are no base models. Add one: npm run base-models -- add NAME SOURCE',
        );
      });
    },
  });
  addReading(models);
  addVersions(models);
  addWriting(models);
  addModelDownload(models);
  addModelUpload(models);
}

function addReading(models: Command): void {
  addVerb(models, {
    usage: 'show <model>',
    description: 'Show a model with its versions and their origin',
    examples: ['styleforge models show ink'],
    async run({ client, output }, _options, name: string) {
      const model = await client().models.get(name);
      const { data: versions } = await client().models.listVersions(name, { limit: 100 });
      output.result({ ...model, version_list: versions }, () => {
        showModel(output, model);
        output.line();
        const rows = versions.map(({ version, aliases, checkpoint_id, size_bytes, provenance, notes }) => [
          version,
          aliases.join(', '),
          checkpoint_id,
          provenance.step === null ? 'uploaded' : `step ${provenance.step}`,
          provenance.adaptation,
          formatBytes(size_bytes),
          notes,
        ]);
        output.table(['VERSION', 'ALIASES', 'CHECKPOINT', 'STEP', 'KIND', 'BYTES', 'NOTES'], rows, 'All versions have been deleted.');
      });
    },
  });
}

function showModel(output: Output, model: Model): void {
  const { latest } = model;
  const { training_job: job, upload, adaptation } = latest?.provenance ?? {};
  output.details([
    ['model', model.name],
    ['description', model.description],
    ['licence', model.license],
    ['prompt', model.prompt_template],
    ['tokens', latest?.provenance.tokens.map(({ name, token }) => `${token} (${name})`).join(', ')],
    [
      'aliases',
      Object.entries(model.aliases)
        .map(([alias, version]) => `${alias} = ${version}`)
        .join(', '),
    ],
    ['base model', latest && [latest.provenance.base_model.name, latest.provenance.base_model.source].filter(Boolean).join(', ')],
    ['trained by', job && `${job.id}, ${job.method}`],
    ['uploaded', upload && `${upload.file_name}, ${adaptation} in the layout of ${upload.layout}`],
    ['datasets', latest?.provenance.datasets.map(({ role, name, id, images }) => `${role} ${name ?? id} (${images})`).join(', ')],
  ]);
}

const describing = (command: Command): Command =>
  command
    .option('--description <text>', 'description of the model')
    .option('--license <text>', 'licence of the model; default: that of the base model')
    .option('--template <text>', 'prompt template, such as "a photo of zwx style, {prompt}"')
    .option('--cover <image-id>', 'generated or uploaded image to show as its cover');

const described = ({ description, license, template, cover }: DescribeOptions) => ({
  ...(description !== undefined && { description }),
  ...(license !== undefined && { license }),
  ...(template !== undefined && { prompt_template: template }),
  ...(cover !== undefined && { cover_image_id: cover }),
});

function addVersions(models: Command): void {
  addVerb(models, {
    usage: 'create <name>',
    description: 'Give a trained model a name and create its first version',
    examples: ['styleforge models create ink --from job_... --description "Ink on rough paper"'],
    options: (command) =>
      void describing(command.requiredOption('--from <source>', 'checkpoint or training job')).option(
        '--notes <text>',
        'about this version',
      ),
    async run({ client, output }, { from, notes, ...options }: DescribeOptions & { from: string }, name: string) {
      const model = await client().models.create({ name, from, ...described(options), ...(notes !== undefined && { notes }) });
      output.result(model, () => {
        output.line(model.name);
        output.note(`Name it in requests: --model ${model.name}. Its prompts: ${model.prompt_template}`);
      });
    },
  });
  addVerb(models, {
    usage: 'add-version <model>',
    description: 'Add a version to a model; it becomes latest',
    examples: ['styleforge models add-version ink --from job_... --notes "twice as long"'],
    options: (command) =>
      void command
        .requiredOption('--from <source>', 'checkpoint, training job or other model')
        .option('--notes <text>', 'notes about this version'),
    async run({ client, output }, { from, notes }: { from: string; notes?: string }, name: string) {
      const version = await client().models.addVersion(name, { from, ...(notes !== undefined && { notes }) });
      output.result(version, () => output.line(version.reference));
    },
  });
}

function addWriting(models: Command): void {
  addVerb(models, {
    usage: 'update <model>',
    description: 'Change the name, description, licence, template or cover of a model',
    examples: ['styleforge models update ink --license CC-BY-4.0', 'styleforge models update ink --name ink-on-paper'],
    options: (command) => void describing(command.option('--name <name>', 'new name of the model')),
    async run({ client, output }, { name, ...options }: DescribeOptions & { name?: string }, model: string) {
      const changed = await client().models.update(model, { ...described(options), ...(name !== undefined && { name }) });
      output.result(changed, () => showModel(output, changed));
    },
  });
  addVerb(models, {
    usage: 'alias <model> <alias> <version>',
    description: 'Set an alias of a version: requests then name MODEL@ALIAS',
    examples: ['styleforge models alias ink production 3'],
    async run({ client, output }, _options, name: string, alias: string, version: string) {
      const model = await client().models.setAlias(name, alias, Number(version));
      output.result(model, () => output.line(`${name}@${alias} is version ${version}`));
    },
  });
  addVerb(models, {
    usage: 'delete <model>',
    description: 'Delete a model, or one version (MODEL@VERSION); checkpoints are kept with their jobs',
    examples: ['styleforge models delete ink', 'styleforge models delete ink@2'],
    async run({ client, output }, _options, reference: string) {
      const [name = '', version] = reference.split('@');
      await (version === undefined ? client().models.delete(name) : client().models.deleteVersion(name, Number(version)));
      output.result({ deleted: reference }, () => output.line(`${reference} is deleted`));
    },
  });
}
