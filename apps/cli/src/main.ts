// The command line: parses, runs a verb, and turns what goes wrong into words and an exit code.
import { CommanderError } from 'commander';
import { readEnvironment } from './environment.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { reportError } from './report-error.ts';

const { startFolder } = readEnvironment();
if (startFolder !== undefined) process.chdir(startFolder);
// A reader such as `head` has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.unexpected));

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    reportError(error, process.argv.includes('--json'));
    process.exitCode = exitCodeOf(error);
  }
}
