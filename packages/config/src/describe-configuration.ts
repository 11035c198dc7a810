// Every setting as a table for docs/configuration.md.
import { type AllowedValues, allowedValuesOf } from './allowed-values.ts';
import { environmentSchema } from './config.ts';

const HEAD = `# Configuration

Settings are environment variables. An empty variable counts as not set, and blanks around a value do not count. An invalid value ends the process at its start, with a message that names the variable.
\`npm run docs:configuration\` writes this table from the schema in [packages/config](../packages/config/src/config.ts).

| variable | default | values | meaning |
|---|---|---|---|
`;

export function describeConfiguration(): string {
  const defaults: Record<string, unknown> = environmentSchema.parse({});
  const allowed = allowedValuesOf(environmentSchema);
  const rows = Object.entries(environmentSchema.shape).map(([name, { description }]) => {
    if (!description) throw new Error(`${name}: has no description; add .describe('...') to its schema`);
    const preset = defaults[name] === undefined ? '' : `\`${String(defaults[name])}\``;
    return `| \`${name}\` | ${preset} | ${valuesOf(allowed[name] ?? {})} | ${description} |`;
  });
  return `${HEAD}${rows.join('\n')}\n`;
}

function valuesOf({ enum: values, type, minimum, maximum }: AllowedValues): string {
  if (values) return values.map((value) => `\`${String(value)}\``).join(', ');
  if (minimum === undefined && maximum === undefined) return type === 'string' || type === undefined ? '' : type;
  return `${minimum ?? ''} to ${maximum ?? ''}`.trim();
}
