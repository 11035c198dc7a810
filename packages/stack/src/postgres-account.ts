// Chooses the account under which Postgres runs. Postgres refuses root, which is common in containers.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { binariesIn, type PostgresBinaries } from './postgres-binaries.ts';

export type AccountKind = 'self' | 'user-namespace' | 'other-user';

export interface PostgresAccount {
  kind: AccountKind;
  /** Words in front of every Postgres command line. */
  prefix: string[];
  /** uid and gid for child_process.spawn, if Postgres runs as another user. */
  credentials: { uid?: number; gid?: number };
  binaries: PostgresBinaries;
  /** Folder of the cluster's files. */
  home: string;
}

const unshare = ['unshare', '-U', '--map-user=1000', '--map-group=1000'];
const systemHome = '/var/lib/styleforge';
const nobody = 65534;

/** Chooses the account and the folder. The folder is `directory`, unless Postgres must run as another user who cannot access it. */
export async function choosePostgresAccount(directory: string, binaries: PostgresBinaries, wanted?: AccountKind): Promise<PostgresAccount> {
  const kind = wanted ?? bestAccountKind();
  if (kind === 'self') return { kind, prefix: [], credentials: {}, binaries, home: directory };
  if (kind === 'user-namespace') return { kind, prefix: unshare, credentials: {}, binaries, home: directory };
  return otherUser(directory, binaries);
}

function bestAccountKind(): AccountKind {
  if (process.geteuid?.() !== 0) return 'self';
  const [command = '', ...args] = [...unshare, 'true'];
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0 ? 'user-namespace' : 'other-user';
}

async function otherUser(directory: string, binaries: PostgresBinaries): Promise<PostgresAccount> {
  const credentials = postgresUser();
  const key = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  const home = canUse(directory, credentials) ? directory : join(systemHome, key);
  await mkdir(home, { recursive: true });
  await chown(home, credentials.uid, credentials.gid);
  return { kind: 'other-user', prefix: [], credentials, binaries: await reachableBinaries(binaries, credentials), home };
}

function postgresUser(): { uid: number; gid: number } {
  const lookUp = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout || Number.NaN);
  const uid = lookUp('-u');
  const gid = lookUp('-g');
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : { uid: nobody, gid: nobody };
}

/** Whether the user can access the path. In a folder below a closed one (/root), another user cannot, whatever its own mode. */
function canUse(path: string, credentials: { uid: number; gid: number }): boolean {
  return spawnSync('ls', ['-d', join(path, '.')], { ...credentials, stdio: 'ignore' }).status === 0;
}

async function reachableBinaries(binaries: PostgresBinaries, credentials: { uid: number; gid: number }): Promise<PostgresBinaries> {
  const works = (candidate: PostgresBinaries) =>
    spawnSync(candidate.postgres, ['--version'], { ...credentials, cwd: '/', stdio: 'ignore' }).status === 0;
  if (works(binaries)) return binaries;
  const copy = join(systemHome, 'postgres');
  if (!existsSync(copy) || !works(binariesIn(copy))) {
    await mkdir(systemHome, { recursive: true });
    await cp(binaries.root, copy, { recursive: true, verbatimSymlinks: true });
  }
  return binariesIn(copy);
}
