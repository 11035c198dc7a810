// `npm run demo`: starts the service in a fresh folder, runs one job, shows images from before and after the training, and stops
// everything.
import { rm } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { loadConfig } from '@styleforge/config';
import { baseStyles, targetStyles } from '@styleforge/samples';
import { readCommandLine } from '../command-line.ts';
import { optionalNumber } from '../options.ts';
import { embeddedConfig } from '../start/embedded-config.ts';
import { startService } from '../start/start-service.ts';
import { ApiClient } from './api-client.ts';
import { type DemoOptions, runDemo } from './run-demo.ts';

const { values } = readCommandLine({
  usage: 'npm run demo --',
  about: 'Runs one complete job on sample images: upload, train, generate, report. Needs no running service. Keeps its files.',
  options: {
    'base-model': { type: 'string', default: 'styleforge-mini', help: 'base model to fine-tune' },
    style: { type: 'string', default: 'ink', help: `sample style to teach: ${targetStyles.join(', ')}` },
    'aux-style': { type: 'string', default: 'fluent', help: `style of the Aux images: ${baseStyles.join(', ')}` },
    steps: { type: 'string', help: 'training steps (default: that of the base model)' },
  },
});

const settings = loadConfig();
const directory = join(settings.dataDirectory, 'demo');

process.exitCode = await demo().catch((error: unknown) => {
  console.error(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  console.error(`The logs of the service are in ${show(join(directory, 'service', 'logs'))}`);
  return 1;
});

async function demo(): Promise<number> {
  const startedAt = Date.now();
  const options: DemoOptions = {
    baseModel: values['base-model'],
    style: values.style,
    auxStyle: values['aux-style'],
    steps: optionalNumber('steps', values.steps),
    directory,
  };
  await rm(directory, { recursive: true, force: true });
  const config = embeddedConfig(settings, join(directory, 'service'));
  console.log('Starting the service (Postgres, API, worker) ...');
  const service = await startService({ config });
  const stopOnSignal = () => void service.stop().finally(() => process.exit(1));
  process.once('SIGINT', stopOnSignal).once('SIGTERM', stopOnSignal);
  try {
    if (!service.apiKey) throw new Error('the new service created no API key');
    const result = await runDemo(new ApiClient(service.url, service.apiKey), options);
    console.log(`
Look at     ${show(result.sheet)}
Report      ${show(result.report)}
Images      ${show(result.before)} and ${show(result.after)}
Checkpoint  ${show(join(config.dataDirectory, 'objects'))} (job ${result.jobId}, diffusers layout)
Logs        ${show(service.logDirectory)}`);
  } finally {
    await service.stop();
  }
  console.log(
    `\nDone in ${Math.round((Date.now() - startedAt) / 1_000)} seconds; the service is stopped. \`npm start\` keeps one running.`,
  );
  return 0;
}

/** Path relative to the current folder if that is shorter. */
function show(path: string): string {
  const short = relative('.', path);
  return short.startsWith('..') || isAbsolute(short) ? path : short;
}
