// `styleforge prompt-sets`: manages named, versioned lists of prompts.
import { counted } from '@styleforge/contracts';
import type { Command } from 'commander';
import { UsageError } from '../../exit-codes.ts';
import { readText } from '../../text-file.ts';
import { formatTime } from '../../terminal/output.ts';
import { addVerb } from '../../verb.ts';

export function addPromptSetCommands(program: Command): void {
  const sets = program.command('prompt-sets').description('Manage prompt sets: named, versioned lists of prompts');
  addVerb(sets, {
    usage: 'create <name> <file>',
    description: 'Create a prompt set, or its next version, from a text file with one prompt per line',
    examples: ['styleforge prompt-sets create portraits prompts.txt --description "faces only"'],
    options: (command) => void command.option('--description <text>', 'description of the prompt set', ''),
    async run({ client, output }, { description }: { description: string }, name: string, file: string) {
      const source = await readText(file);
      const prompts = source
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean);
      if (prompts.length === 0) throw new UsageError(`${file} contains no prompts: write one per line`);
      const set = await client().promptSets.create({ name, description, prompts });
      output.result(set, () => output.line(`${set.name}@${set.version}  ${counted(set.prompt_count, 'prompt')}`));
    },
  });
  addVerb(sets, {
    usage: 'list',
    description: 'List prompt sets',
    examples: ['styleforge prompt-sets list'],
    async run({ client, output }) {
      const { data, has_more, next } = await client().promptSets.list({ limit: 100 });
      const rows = data.map(({ name, version, prompt_count, shipped, created_at, description }) => [
        `${name}@${version}`,
        prompt_count,
        shipped ? 'shipped' : formatTime(created_at),
        description,
      ]);
      output.result({ data, has_more, next }, () =>
        output.table(['NAME', 'PROMPTS', 'CREATED', 'DESCRIPTION'], rows, 'There are no prompt sets.'),
      );
    },
  });
  addVerb(sets, {
    usage: 'show <prompt-set>',
    description: 'Print the prompts, one per line',
    examples: ['styleforge prompt-sets show general', 'styleforge prompt-sets show portraits@2'],
    async run({ client, output }, _options, id: string) {
      const set = await client().promptSets.get(id);
      output.result(set, () => set.prompts.forEach((prompt) => output.line(prompt)));
    },
  });
}
