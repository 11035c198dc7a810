// Starting one program of this project from another in a separate process, and checking whether it is still alive.
import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export { isAlive } from './is-alive.ts';

const run = fileURLToPath(new URL('run.mjs', import.meta.url));

/**
 * Arguments for node to run `program`, a TypeScript file or its compiled form: `spawn(process.execPath, [...typeScript(program),
 * 'argument'])`.
 */
export function typeScript(program: string | URL): string[] {
  const path = typeof program === 'string' ? program : fileURLToPath(program);
  return path.endsWith('.mjs') ? [path] : [run, path];
}

/** node:child_process's fork() for a TypeScript file. */
export function forkTypeScript(program: string | URL, args: readonly string[], options: ForkOptions): ChildProcess {
  const [runner = '', ...path] = typeScript(program);
  return fork(runner, [...path, ...args], { execArgv: [], ...options });
}
