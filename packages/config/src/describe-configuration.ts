// Every setting, in tables for docs/configuration.md.
import { type AllowedValues, allowedValuesOf } from './allowed-values.ts';
import { environmentSchema } from './config.ts';

const HEAD = `# Configuration

Settings are environment variables. None is required: \`npm start\` runs the whole service with the defaults. To run API and workers as separate processes, give both the same \`DATABASE_URL\`, \`REDIS_URL\` and object store.
An empty variable counts as not set, and blanks around a value do not count. An invalid value ends the process at its start, with a message that names the variable.
A changed variable takes effect when the process is started again. \`npm run docs:configuration\` writes these tables from the schema in [packages/config](../packages/config/src/config.ts).
`;

const TABLE = '\n| variable | default | values | meaning |\n|---|---|---|---|\n';

/** Headings by the first setting below each. */
const HEADINGS: Readonly<Record<string, string>> = {
  HOST: 'Address, database and queue',
  DATA_DIRECTORY: 'Files and object store',
  BASE_MODELS_DIRECTORY: 'Base models',
  DEVICE: 'Workers',
  POD_NAME: 'Workers on Kubernetes',
  INCEPTION_WEIGHTS: 'Weights for evaluations',
  PUBLIC_URL: 'Webhooks and links',
  MAX_QUEUED_JOBS_PER_PROJECT: 'Limits of a project',
  RETENTION_CHECKPOINT_DAYS: 'Automatic cleanup',
  RATE_LIMIT_REQUESTS: 'Limits of the API',
  CORS_ORIGINS: 'Browsers on other addresses',
  WORKER_PORT: 'Operation and monitoring',
};

export function describeConfiguration(): string {
  const defaults: Record<string, unknown> = environmentSchema.parse({});
  const allowed = allowedValuesOf(environmentSchema);
  const rows = Object.entries(environmentSchema.shape).map(([name, { description }]) => {
    if (!description) throw new Error(`${name}: has no description; add .describe('...') to its schema`);
    const preset = defaults[name] === undefined ? '' : `\`${String(defaults[name])}\``;
    const heading = name in HEADINGS ? `\n## ${HEADINGS[name]}\n${TABLE}` : '';
    return `${heading}| \`${name}\` | ${preset} | ${valuesOf(allowed[name] ?? {})} | ${description} |\n`;
  });
  return `${HEAD}${rows.join('')}`;
}

function valuesOf({ enum: values, type, minimum, maximum }: AllowedValues): string {
  if (values) return values.map((value) => `\`${String(value)}\``).join(', ');
  if (minimum === undefined && maximum === undefined) return type === 'string' || type === undefined ? '' : type;
  return maximum === undefined ? `${minimum ?? ''} or more` : `${minimum ?? ''} to ${maximum}`.trim();
}
