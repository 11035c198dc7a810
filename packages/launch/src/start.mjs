// Starts a program written in TypeScript: as one file if that can be stored, else with tsx. Loading one file takes less than half the time.
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { findBundle } from './bundle-folder.mjs';

/** Runs `program` in this process, as if node had been started with it. */
export async function start(program) {
  const path = realpathSync(program);
  process.argv[1] = path;
  const bundle = findBundle(path) ?? (await (await import('./bundle.mjs')).makeBundle(path));
  if (bundle === undefined) {
    const { register } = await import('tsx/esm/api');
    register();
  } else {
    process.setSourceMapsEnabled(true);
  }
  await import(pathToFileURL(bundle ?? path).href).catch(explain);
}

/** Ends the process with the exit code of an error that has one, such as a wrong call: its message says everything. */
function explain(error) {
  if (!(error instanceof Error) || !Number.isInteger(error.exitCode)) throw error;
  console.error(error.message);
  process.exit(error.exitCode);
}
