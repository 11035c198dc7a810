// npm run base-models: installs checkpoints as base models, and publishes base models to all machines through the object store.
import { loadConfig } from '@styleforge/config';
import { CallError } from '../options.ts';
import { readCommandLine, refuseCall } from '../command-line.ts';
import { addAdapter } from './add-adapter.ts';
import { addBaseModel } from './add-base-model.ts';
import { PREDICTION_TYPES } from './layouts.ts';
import { publish, showPublished, withdraw } from './published-models.ts';

const PROGRAM = {
  usage: 'npm run base-models -- add NAME SOURCE | add-adapter NAME FILE --base BASE | publish NAME | published | withdraw NAME',
  about: `add        Installs a checkpoint as a base model of this machine, in BASE_MODELS_DIRECTORY.
add-adapter Installs a LoRA, an embedding or another adapter for all projects, on this machine.
publish    Copies a base model of this machine to the object store, for all workers and APIs.
published  Lists the base models in the object store.
withdraw   Removes a base model from the object store. Copies on machines stay.

SOURCE is one of:

  hf:OWNER/NAME                    a repository of a model hub (HUB_URL, HUB_TOKEN)
  hf:OWNER/NAME/file.safetensors   one file of it
  s3://BUCKET/PREFIX/              a diffusers folder, or s3://BUCKET/file.safetensors (S3_ENDPOINT and others)
  https://.../file.safetensors
  a path                           to a diffusers folder or a .safetensors file`,
  allowPositionals: true,
  options: {
    revision: { type: 'string', default: 'main', help: "branch, tag or commit of the hub's repository" },
    sha256: {
      type: 'string',
      multiple: true,
      default: [] as string[],
      help: '[FILE=]HEX: expected SHA-256 of the file; for a folder, repeat it for each file',
    },
    config: { type: 'string', help: 'folder with the configs of a single file whose shape is not that of Stable Diffusion 1.x, 2.x or XL' },
    'prediction-type': {
      type: 'string',
      help: `what the model predicts: ${PREDICTION_TYPES.join(' or ')}; a single file of Stable Diffusion 2.x needs it`,
    },
    base: { type: 'string', help: 'add-adapter: the base model that it was made for' },
    token: { type: 'string', help: 'add-adapter: the word that prompts use for it, if the file names none' },
    title: { type: 'string', help: 'title that GET /v1/base-models shows' },
    license: { type: 'string', help: 'licence that GET /v1/base-models shows' },
    'auxiliary-prompt': { type: 'string', help: 'Aux prompt that training uses by default' },
  },
} as const;

const { values, positionals } = readCommandLine(PROGRAM);

function parseDigest(text: string): [path: string, hex: string] {
  const [, path = '', hex = ''] = /^(?:(.+)=)?([0-9a-fA-F]{64})$/.exec(text) ?? [];
  if (hex === '') throw new CallError(`--sha256 '${text}' must be 64 hexadecimal digits, after FILE= for a file of a folder`);
  return [path, hex];
}

function predictionType() {
  const asked = values['prediction-type'];
  const found = PREDICTION_TYPES.find((type) => type === asked);
  if (asked !== undefined && !found) throw new CallError(`--prediction-type '${asked}' must be ${PREDICTION_TYPES.join(' or ')}`);
  return found;
}

/** Prints one line for each growing file, at most once a second. */
function progressPrinter() {
  let last = 0;
  return (file: string, received: number, total: number | undefined) => {
    if (Date.now() - last < 1_000 && received !== total) return;
    last = Date.now();
    process.stderr.write(`${file}: ${Math.round(received / 1e6)}${total === undefined ? '' : ` of ${Math.round(total / 1e6)}`} MB\n`);
  };
}

async function add(name: string, source: string): Promise<void> {
  const { baseModelsDirectory, hub, s3 } = loadConfig();
  const prediction = predictionType();
  const profile = {
    ...(values.title && { title: values.title }),
    ...(values.license && { license: values.license }),
    ...(values['auxiliary-prompt'] && { auxiliary_prompt: values['auxiliary-prompt'] }),
  };
  const folder = await addBaseModel({
    directory: baseModelsDirectory,
    name,
    source,
    hub,
    s3,
    revision: values.revision,
    sha256: new Map(values.sha256.map(parseDigest)),
    profile,
    ...(values.config && { configDirectory: values.config }),
    ...(prediction && { predictionType: prediction }),
    onProgress: progressPrinter(),
    onNote: (note) => process.stderr.write(`${note}\n`),
  });
  process.stdout.write(`${folder} is ready: jobs can name it as "base_model": "${name}"\n`);
}

async function installAdapter(name: string, file: string): Promise<void> {
  const { base, token, title, license } = values;
  if (base === undefined) throw new CallError('--base is missing: name the base model that the adapter was made for');
  const folder = await addAdapter({ directory: loadConfig().baseModelsDirectory, name, file, base, token, title, license });
  process.stdout.write(`${folder} is ready: generations can name it as "model", or in "adapters", as "${name}"\n`);
}

const [verb, name, source, ...more] = positionals;

/** Runs the action; undefined if the arguments match no action. */
function chosenWork(): (() => Promise<void>) | undefined {
  if (more.length > 0) return undefined;
  if (verb === 'add' && name !== undefined && source !== undefined) return () => add(name, source);
  if (verb === 'add-adapter' && name !== undefined && source !== undefined) return () => installAdapter(name, source);
  if (source !== undefined) return undefined;
  if (verb === 'publish' && name !== undefined) return () => publish(name);
  if (verb === 'withdraw' && name !== undefined) return () => withdraw(name);
  return verb === 'published' && name === undefined ? showPublished : undefined;
}

const work = chosenWork();
if (work === undefined) {
  refuseCall(PROGRAM, 'name an action: add NAME SOURCE, add-adapter NAME FILE --base BASE, publish NAME, published, or withdraw NAME');
} else {
  await work().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
