// The table of settings agrees with the schema.
import { readFile } from 'node:fs/promises';
import { describeConfiguration } from '@styleforge/config';
import { expect, it } from 'vitest';

it('docs/configuration.md matches the schema; `npm run docs:configuration` writes it', async () => {
  expect(await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')).toBe(describeConfiguration());
});
