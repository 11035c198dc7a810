// Processes of an image as a container would run them: user 1000, a read-only file system, an empty /tmp, and /data to write to.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const USER = 1_000;
const script = fileURLToPath(new URL('as-container.sh', import.meta.url));

/** Why it cannot be done here: only root may change mounts and users, and node must be where user 1000 reaches it. */
export const containerMissing: string | undefined =
  globalThis.process.getuid?.() !== 0
    ? 'the tests do not run as root'
    : spawnSync(
          'unshare',
          ['--mount', 'setpriv', '--reuid', '1000', '--regid', '1000', '--clear-groups', globalThis.process.execPath, '-v'],
          {
            stdio: 'ignore',
          },
        ).status === 0
      ? undefined
      : 'unshare or setpriv is missing, may not be used, or user 1000 cannot run node';

/** Prepares the tree of an image once: /tmp exists, and /data and the other folders belong to user 1000, as COPY --chown makes it. */
export function prepareTree(root: string, writable: readonly string[]): void {
  if (containerMissing !== undefined) return;
  mkdirSync(join(root, 'tmp'), { recursive: true });
  for (const folder of [join(root, 'data'), ...writable]) {
    mkdirSync(folder, { recursive: true });
    chownSync(folder, USER, USER);
  }
  // Tests make their folders for themselves alone.
  chmodSync(dirname(root), 0o755);
  chmodSync(dirname(dirname(root)), 0o755);
}

/** The command line that runs `command` inside; the command itself where that cannot be done. */
export const inContainer = (root: string, writable: readonly string[], command: readonly string[]): string[] =>
  containerMissing === undefined ? ['unshare', '--mount', 'sh', script, root, ...writable, '--', ...command] : [...command];
