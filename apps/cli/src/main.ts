// Entry point of the command line.
import { readEnvironment } from './environment.ts';
import { EXIT } from './exit-codes.ts';
import { runCommandLine } from './run.ts';

const { startFolder } = readEnvironment();
if (startFolder !== undefined) process.chdir(startFolder);
// A reader such as `head` has closed the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.unexpected));

process.exitCode = await runCommandLine(process.argv.slice(2));
