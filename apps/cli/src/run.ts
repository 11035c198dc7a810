// Runs the command line once: parses the arguments, runs a command, and turns errors into text and an exit code.
import { CommanderError } from 'commander';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { reportError } from './report-error.ts';

const HELP = ['--help', '-h'];

/** Whether the first word names a command. For a misspelt one, commander prints its global help and reports success. */
function isCommandKnown(args: readonly string[]): boolean {
  const program = createProgram();
  const [command] = program.parseOptions([...args]).operands;
  return (
    command === undefined || command === 'help' || program.commands.some((known) => [known.name(), ...known.aliases()].includes(command))
  );
}

/** Arguments without those for node and the script. */
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
