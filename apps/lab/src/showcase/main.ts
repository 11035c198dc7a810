// `npm run showcase`: runs one job on your own folders with any installed base model, and writes a sheet, a report and the settings that
// repeat it.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '@styleforge/config';
import { readCommandLine, refuseCall } from '../command-line.ts';
import { ApiClient } from '../demo/api-client.ts';
import { numberOption } from '../options.ts';
import { embeddedConfig } from '../start/embedded-config.ts';
import { startService } from '../start/start-service.ts';
import { readImages, readPrompts } from './pictures.ts';
import { runShowcase, type JobSettings } from './run-showcase.ts';

const program = {
  usage: 'npm run showcase -- --base-model NAME --style FOLDER --aux FOLDER --prompts FILE',
  about:
    'Trains one job on your own images, generates the same prompts and seeds before and after, and writes ' +
    'sheet.png, report.html and settings.json. With --python, DreamBooth of diffusers is trained for comparison. ' +
    'Needs no running service.',
  options: {
    'base-model': { type: 'string', default: 'styleforge-mini', help: 'base model to fine-tune, as `npm run base-models` added it' },
    style: { type: 'string', help: 'folder of 15 to 20 images of the style' },
    aux: { type: 'string', help: 'folder of about 20 images of similar subjects in other styles' },
    prompts: { type: 'string', help: 'text file with a subject on each line, without the style prompt' },
    config: { type: 'string', help: 'JSON file with further fields of POST /v1/training-jobs' },
    seed: { type: 'string', default: '42', help: 'seed of the first image; each further image adds 1' },
    python: { type: 'string', help: 'Python that has torch and diffusers, for a comparison with DreamBooth' },
    out: { type: 'string', help: 'folder of the results (default: showcase in the data directory)' },
  },
} as const;

const { values } = readCommandLine(program);
const { style, aux, prompts } = values;
if (style === undefined || prompts === undefined) refuseCall(program, 'name --style and --prompts');

const settings = loadConfig();
const directory = values.out ?? join(settings.dataDirectory, 'showcase');
const images = { style: await readImages(style), aux: aux === undefined ? [] : await readImages(aux) };
const subjects = await readPrompts(prompts);
const job = values.config === undefined ? {} : (JSON.parse(await readFile(values.config, 'utf8')) as JobSettings);

await rm(join(directory, 'service'), { recursive: true, force: true });
const service = await startService({ config: embeddedConfig(settings, join(directory, 'service')) });
const stopOnSignal = () => void service.stop().finally(() => process.exit(1));
process.once('SIGINT', stopOnSignal).once('SIGTERM', stopOnSignal);
try {
  if (!service.apiKey) throw new Error('the new service created no API key');
  const written = await runShowcase(new ApiClient(service.url, service.apiKey), {
    baseModel: values['base-model'],
    baseModelDirectory: join(settings.baseModelsDirectory, values['base-model']),
    images,
    folders: { style, aux: aux ?? null },
    subjects,
    job,
    seed: numberOption('seed', values.seed),
    python: values.python,
    directory,
  });
  for (const [name, path] of Object.entries(written)) console.log(`${name.padEnd(9)} ${path}`);
} finally {
  await service.stop();
}
