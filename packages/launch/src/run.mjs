// `node packages/launch/src/run.mjs PROGRAM.ts [arguments]`
import { start } from './start.mjs';

const [program] = process.argv.splice(2, 1);
if (program === undefined) throw new Error('usage: node packages/launch/src/run.mjs PROGRAM.ts [arguments]');
await start(program);
