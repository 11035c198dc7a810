// Registers all commands of the command line.
import completion from '@bomb.sh/tab/commander';
import { VERSION } from '@styleforge/contracts';
import { DEFAULT_BASE_URL } from '@styleforge/sdk';
import { Command } from 'commander';
import { addDatasetCommands } from './commands/datasets/datasets.ts';
import { addDoctorCommand } from './commands/machines/doctor.ts';
import { addEvaluateCommands } from './commands/evaluations/evaluate.ts';
import { addGenerateCommand } from './commands/generations/generate.ts';
import { addImageCommands } from './commands/generations/images.ts';
import { addJobCommands } from './commands/training-jobs/jobs.ts';
import { addKeyCommands } from './commands/access/keys.ts';
import { addLoginCommand } from './commands/access/login.ts';
import { addPresetsCommand } from './commands/training-jobs/presets.ts';
import { addModelCommands } from './commands/models/models.ts';
import { addPromptSetCommands } from './commands/evaluations/prompt-sets.ts';
import { addReportCommand } from './commands/evaluations/report.ts';
import { addShareCommands } from './commands/evaluations/share.ts';
import { addStudyCommands } from './commands/training-jobs/studies.ts';
import { addSystemCommands } from './commands/machines/system.ts';
import { addTrainCommand } from './commands/training-jobs/train.ts';
import { addWebhookCommands } from './commands/access/webhooks.ts';
import { addWorkerCommands } from './commands/machines/workers.ts';

const EXAMPLES = `
Examples:
  $ styleforge login --base-url ${DEFAULT_BASE_URL}
  $ styleforge train --base-model styleforge-mini --style-ref pictures/style --aux pictures/aux
  $ styleforge generate --model job_... "a photo of zwx style, house"

\`styleforge COMMAND --help\` shows an example for each verb. Exit codes: 0 success, 1 unexpected error, 2 usage error, 3 refused,
4 not allowed, 5 not found, 6 service not available, 7 ended without success, 130 left with Ctrl-C.`;

const COMPLETION_EXAMPLES = `
Examples:
  $ source <(styleforge completion bash)
  $ styleforge completion fish > ~/.config/fish/completions/styleforge.fish`;

export function createProgram(): Command {
  const program = new Command('styleforge')
    .description('Command line of a StyleForge service: teach a text-to-image model a style from twenty images.')
    .version(VERSION, '--version', 'print the version')
    .option('--json', 'print only the result, as JSON, on standard output')
    .option('--base-url <url>', `service URL; default: $STYLEFORGE_BASE_URL, then the saved login, then ${DEFAULT_BASE_URL}`)
    .option('--api-key <key>', 'API key; default: $STYLEFORGE_API_KEY, then the saved login')
    .addHelpText('after', EXAMPLES)
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride();
  addLoginCommand(program);
  addDoctorCommand(program);
  addModelCommands(program);
  addDatasetCommands(program);
  addTrainCommand(program);
  addPresetsCommand(program);
  addJobCommands(program);
  addGenerateCommand(program);
  addImageCommands(program);
  addEvaluateCommands(program);
  addReportCommand(program);
  addShareCommands(program);
  addStudyCommands(program);
  addPromptSetCommands(program);
  addKeyCommands(program);
  addWebhookCommands(program);
  addWorkerCommands(program);
  addSystemCommands(program);
  completion(program, { completionCommandName: 'completion' });
  program.commands.find((command) => command.name() === 'completion')?.addHelpText('after', COMPLETION_EXAMPLES);
  return program;
}
