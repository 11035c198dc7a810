// One call of the command line: parses, runs a verb, and turns what goes wrong into words and an exit code.
import { CommanderError } from 'commander';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { reportError } from './report-error.ts';

/** `args` without node and script. */
export async function runCommandLine(args: string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    reportError(error, args.includes('--json'));
    return exitCodeOf(error);
  }
}
