// What a machine cannot test, said at the start of the file that skips it.
import { spawnSync } from 'node:child_process';

/** Whether the program is on the PATH; `args` make it tell its version. */
export const isInstalled = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** `missing`: the reason, undefined where it is tested. Returns whether it is not: `it.skipIf(warnNotTested(...))` is the only skip that lint lets through. */
export function warnNotTested(what: string, missing: string | undefined): boolean {
  if (missing !== undefined) console.warn(`NOT TESTED: ${what}, because ${missing}`);
  return missing !== undefined;
}
