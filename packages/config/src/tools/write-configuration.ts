// Writes docs/configuration.md.
import { writeFile } from 'node:fs/promises';
import { describeConfiguration } from '../describe-configuration.ts';

await writeFile(new URL('../../../../docs/configuration.md', import.meta.url), describeConfiguration());
