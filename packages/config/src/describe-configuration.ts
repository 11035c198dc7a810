// Every setting as a table for docs/configuration.md.
import { type AllowedValues, allowedValuesOf } from './allowed-values.ts';
import { environmentSchema } from './config.ts';

const HEAD = `# Configuration

Settings are environment variables; an empty one counts as not set, and blanks around a value do not count. A malformed one ends the process at once, with a message that names it.
This table is made from the schema in [packages/config](../packages/config/src/config.ts): \`npm run docs:configuration\`.

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
