// Builds bundles before the first start, for read-only images: `node packages/launch/src/prepare.mjs PROGRAM.ts ...`
import { realpathSync } from 'node:fs';
import { makeBundle } from './bundle.mjs';

for (const program of process.argv.slice(2)) {
  if ((await makeBundle(realpathSync(program))) === undefined) throw new Error(`${program}: nothing can be written below node_modules`);
}
