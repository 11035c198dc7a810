// Declares a command: its help with examples, an action that gets the context, and the common options.
import { Option } from 'commander';
import type { Command } from 'commander';
import { contextOf } from './context.ts';
import type { Context } from './context.ts';
import { UsageError } from './exit-codes.ts';

export interface Verb<Options> {
  /** Usage as commander writes it: `show <job>`. */
  usage: string;
  description: string;
  /** Examples shown in the help, one per line. */
  examples: string[];
  /** Makes this the command that its group runs by default. */
  isDefault?: boolean;
  /** Adds options and choices. */
  options?(command: Command): void;
  run(context: Context, options: Options, ...values: never[]): Promise<void>;
}

export function addVerb<Options extends object>(parent: Command, verb: Verb<Options>): void {
  const command = parent.command(verb.usage, { isDefault: verb.isDefault ?? false }).description(verb.description);
  verb.options?.(command);
  command.addHelpText(
    'after',
    `\n${verb.examples.length > 1 ? 'Examples' : 'Example'}:\n${verb.examples.map((line) => `  $ ${line}`).join('\n')}`,
  );
  command.action(async (...values: unknown[]) => {
    const self = values.at(-1) as Command;
    await verb.run(await contextOf(self), values.at(-2) as Options, ...(values.slice(0, -2) as never[]));
  });
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Adds --limit, the number of entries that a list shows. */
export function limitOption(): Option {
  return new Option('--limit <number>', 'number of entries, at most 100').default(20).argParser((value) => numberOf('--limit', value));
}

export function numberOf(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() === '' || Number.isNaN(number)) throw new UsageError(`${flag} ${value}: must be a number`);
  return number;
}
