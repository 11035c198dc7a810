// `styleforge models`: what the installation can train.
import type { Command } from 'commander';
import { formatBytes } from '../terminal/output.ts';
import { addVerb } from '../verb.ts';

export function addModelCommand(program: Command): void {
  addVerb(program, {
    usage: 'models',
    description: 'List the base models that can be trained',
    examples: ['styleforge models'],
    async run({ output, client }) {
      const models = await client().baseModels.list();
      output.result({ data: models }, () => {
        const rows = models.map(({ name, resolution, license, size_bytes, title }) => [
          name,
          `${resolution} px`,
          license,
          formatBytes(size_bytes),
          title,
        ]);
        output.table(['NAME', 'SIZE', 'LICENCE', 'BYTES', 'TITLE'], rows, 'There are no base models: put a diffusers folder into models/.');
      });
    },
  });
}
