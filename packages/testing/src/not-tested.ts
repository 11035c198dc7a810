// Warnings about what this machine cannot test, printed at the start of the file that skips it.
import { spawnSync } from 'node:child_process';

/** Whether the program is on the PATH. `args` make it print its version. */
export const isInstalled = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/**
 * Warns that `what` is not tested. `missing`: the reason, or undefined if it is tested. Returns whether to skip it:
 * `it.skipIf(warnNotTested(...))` is the only form of skip that lint accepts.
 */
export function warnNotTested(what: string, missing: string | undefined): boolean {
  if (missing !== undefined) console.warn(`NOT TESTED: ${what}, because ${missing}`);
  return missing !== undefined;
}
