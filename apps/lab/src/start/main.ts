// `npm start`: runs the service until it is asked to stop. `--new-key` makes and prints another API key.
import { isWildcard, loadConfig } from '@styleforge/config';
import { readCommandLine } from '../command-line.ts';
import { startService } from './start-service.ts';

const { values } = readCommandLine({
  usage: 'npm start --',
  about: 'Runs the whole service on this machine until you press Ctrl-C. Settings are environment variables: docs/configuration.md.',
  options: { 'new-key': { type: 'boolean', default: false, help: 'create and print another API key' } },
});
const say = (text: string) => process.stdout.write(`${text}\n`);

try {
  const config = loadConfig();
  const service = await startService({ config, newKey: values['new-key'], onGivenUp: (error) => fail(error) });
  say(`StyleForge is ready.

  dashboard  ${service.url}/app
  API        ${service.url}/v1
  docs       ${service.url}/docs
  logs       ${service.logDirectory}`);
  say(
    service.apiKey
      ? `  API key    ${service.apiKey}   (shown only once; keep it)\n`
      : '  API key    printed at the first start; `npm start -- --new-key` creates another\n',
  );
  if (isWildcard(config.host))
    say(
      `The service listens on all addresses of this machine (HOST=${config.host}). Other machines reach it under ` +
        `the name or address of this machine.\n`,
    );
  say('Ctrl-C stops the service. Running jobs save a checkpoint and continue at the next start.');

  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      say('Stopping ...');
      service.stop().then(() => process.exit(0), fail);
    });
  }
} catch (error) {
  fail(error);
}

function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
