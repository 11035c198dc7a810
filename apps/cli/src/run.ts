// One call of the command line: parses, runs a verb, and turns what goes wrong into words and an exit code.
import { CommanderError } from 'commander';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { reportError } from './report-error.ts';

const HELP = ['--help', '-h'];

/** Whether the first word names a command: commander prints its global help for a misspelt one, as if all were well. */
function isCommandKnown(args: readonly string[]): boolean {
  const program = createProgram();
  const [command] = program.parseOptions([...args]).operands;
  return (
    command === undefined || command === 'help' || program.commands.some((known) => [known.name(), ...known.aliases()].includes(command))
  );
}

/** `args` without node and script. */
export async function runCommandLine(args: string[]): Promise<number> {
  try {
    await createProgram().parseAsync(isCommandKnown(args) ? args : args.filter((arg) => !HELP.includes(arg)), { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    reportError(error, args.includes('--json'));
    return exitCodeOf(error);
  }
}
