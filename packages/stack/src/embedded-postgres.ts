// Starts a private Postgres from npm's binaries, and stops it together with its parent process.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type AccountKind, choosePostgresAccount, type PostgresAccount } from './postgres-account.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { freePort } from './free-port.ts';
import { clearLeftoverServer, endProcess, forgetOwner, readPostmaster, recordOwner } from './running-server.ts';

const user = 'styleforge';
const database = 'styleforge';

export interface EmbeddedPostgres {
  databaseUrl: string;
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Folder that is kept between starts: the cluster, its password and its log. */
  directory: string;
  /** Account under which Postgres runs. Default: chosen by what the machine allows. */
  account?: AccountKind;
  /** Default: a free port. */
  port?: number;
  /** Called when the server has died and could not be started again. */
  onGivenUp?(error: Error): void;
}

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') throw new Error('the embedded Postgres runs on Linux and macOS: set DATABASE_URL to your own Postgres');
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const account = await choosePostgresAccount(directory, await findPostgresBinaries(), options.account);
  const password = await readOrMakePassword(account);
  await clearLeftoverServer(account.home, (port) => answersAs(password, port, account));
  await createCluster(account);
  await recordOwner(account.home);
  return startServer(account, password, options);
}

/** The address of the server that another process has started in this directory; null if none is running. */
export async function findEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<string | null> {
  const directory = resolve(options.directory);
  if (!existsSync(directory)) return null;
  const account = await choosePostgresAccount(directory, await findPostgresBinaries(), options.account);
  const server = await readPostmaster(account.home);
  if (server === undefined) return null;
  const password = await readOrMakePassword(account);
  const runs = await answersAs(password, server.port, account).catch((error: unknown) => {
    if (isNotUpYet(error)) return false;
    throw error;
  });
  return runs ? urlOf(password, server.port, database) : null;
}

async function readOrMakePassword(account: PostgresAccount): Promise<string> {
  const file = join(account.home, 'password');
  if (!existsSync(file)) {
    await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
    const { uid, gid } = account.credentials;
    if (uid !== undefined && gid !== undefined) await chown(file, uid, gid);
  }
  return (await readFile(file, 'utf8')).trim();
}

/** Creates the cluster in a temporary folder and renames it, so that an interrupted initdb is never taken for a cluster. */
async function createCluster(account: PostgresAccount): Promise<void> {
  const data = join(account.home, 'data');
  if (existsSync(data)) return;
  const unfinished = `${data}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await runToEnd(account, [
    account.binaries.initdb,
    `--pgdata=${unfinished}`,
    `--username=${user}`,
    `--pwfile=${join(account.home, 'password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ]);
  await rename(unfinished, data);
}

async function runToEnd(account: PostgresAccount, commandLine: string[]): Promise<void> {
  const [command = '', ...args] = [...account.prefix, ...commandLine];
  const child = spawn(command, args, { ...account.credentials, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  if (code !== 0) throw new Error(`${commandLine[0]} ended with ${code}: ${complaint.trim()}`);
}

/** Starts a server. If it dies, starts it again on the same port, until it is stopped. */
async function startServer(account: PostgresAccount, password: string, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  let stopping = false;
  let { child, port } = await launch(account, password, options.port, startAttempts);
  let restarting: Promise<void> = Promise.resolve();
  const restart = async (): Promise<void> => {
    if (stopping) return;
    try {
      ({ child, port } = await launch(account, password, port, restartAttempts));
      watch(child);
    } catch (error) {
      options.onGivenUp?.(error as Error);
    }
  };
  const watch = (current: ChildProcess): void => {
    const again = (): void => {
      restarting = restart();
    };
    // It may have died while its launch was being completed, and then reports no exit any more.
    if (current.exitCode !== null || current.signalCode !== null) again();
    else current.once('exit', again);
  };
  watch(child);
  const stop = async (): Promise<void> => {
    stopping = true;
    await restarting;
    await stopServer(child, account);
  };
  return { databaseUrl: urlOf(password, port, database), stop: once(stop) };
}

const startAttempts = 3;
/** Maximum number of restarts. Backends of a killed server take a moment to end, and hold its memory until then. */
const restartAttempts = 20;

async function launch(
  account: PostgresAccount,
  password: string,
  wantedPort: number | undefined,
  attempts: number,
): Promise<{ child: ChildProcess; port: number }> {
  // A free port can be taken before Postgres binds it, and backends of a killed server take a moment to end.
  for (let attempt = 1; ; attempt++) {
    const port = wantedPort ?? (await freePort());
    const child = await spawnSupervised(account, port);
    try {
      await waitUntilReady(child, password, port, account);
      return { child, port };
    } catch (error) {
      await stopServer(child, account);
      if (attempt >= attempts) throw error;
      await sleep(500);
      // stop() has released the directory.
      await recordOwner(account.home);
    }
  }
}

/**
 * A shell that waits on its standard input, a pipe that this process holds open. When the pipe closes, by stop() or because this process
 * died, the shell asks Postgres for a fast shutdown. It has its own session, so that Ctrl-C does not reach Postgres.
 */
const supervisor = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( read -r _ <&3; kill -INT "$server" ) &
watcher=$!
exec 3<&-
wait "$server"
kill "$watcher" 2>/dev/null
`;

async function spawnSupervised(account: PostgresAccount, port: number): Promise<ChildProcess> {
  const log = await open(join(account.home, 'postgres.log'), 'a');
  const [command = '', ...args] = [
    ...account.prefix,
    'sh',
    '-c',
    supervisor,
    'sh',
    account.binaries.postgres,
    '-D',
    join(account.home, 'data'),
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
    '-c',
    'shared_buffers=32MB',
    '-c',
    'max_connections=200',
    '-c',
    'timezone=UTC',
    '-c',
    'log_timezone=UTC',
  ];
  const child = spawn(command, args, { ...account.credentials, cwd: '/', detached: true, stdio: ['pipe', log.fd, log.fd] });
  await log.close();
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  child.stdin?.on('error', () => undefined);
  return child;
}

async function waitUntilReady(child: ChildProcess, password: string, port: number, account: PostgresAccount): Promise<void> {
  const end = Date.now() + 30_000;
  let spawnError: Error | undefined;
  child.once('error', (error) => (spawnError = error));
  for (;;) {
    if (spawnError) throw spawnError;
    const up = child.exitCode === null && (await readPostmaster(account.home))?.port === port;
    if (up && (await createDatabase(password, port))) return;
    if (child.exitCode !== null || Date.now() > end) {
      throw new Error(`Postgres did not start; the end of ${account.home}/postgres.log:\n${await tailOfLog(account)}`);
    }
    await sleep(50);
  }
}

/** Creates the database. Returns false while the server is still starting. */
async function createDatabase(password: string, port: number): Promise<boolean> {
  try {
    await withClient(password, port, async (client) => {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
      if (rowCount === 0) await client.query(`create database ${database}`);
    });
    return true;
  } catch (error) {
    if (isNotUpYet(error)) return false;
    throw error;
  }
}

function isNotUpYet(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? '';
  return ['ECONNREFUSED', 'ECONNRESET', '57P03'].includes(code);
}

/** Whether the server at this port uses this data directory. True for a server that is shutting down, too. */
async function answersAs(password: string, port: number, account: PostgresAccount): Promise<boolean> {
  try {
    return await withClient(password, port, async (client) => {
      const { rows } = await client.query<{ data_directory: string }>('show data_directory');
      return rows[0]?.data_directory === join(account.home, 'data');
    });
  } catch (error) {
    return (error as { code?: string }).code === '57P03';
  }
}

async function withClient<Result>(password: string, port: number, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: urlOf(password, port, 'postgres'), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function stopServer(child: ChildProcess, account: PostgresAccount): Promise<void> {
  const server = await readPostmaster(account.home);
  child.ref();
  const ended = child.exitCode !== null || child.pid === undefined || new Promise((done) => child.once('exit', done));
  child.stdin?.end();
  const inTime = await Promise.race([Promise.resolve(ended).then(() => true), sleep(15_000, false, { ref: false })]);
  if (!inTime && server) await endProcess(server.pid);
  await forgetOwner(account.home);
}

function once(action: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= action());
}

const urlOf = (password: string, port: number, name: string) => `postgresql://${user}:${password}@127.0.0.1:${port}/${name}`;

async function tailOfLog(account: PostgresAccount): Promise<string> {
  const text = await readFile(join(account.home, 'postgres.log'), 'utf8').catch(() => '');
  return text.split('\n').slice(-15).join('\n');
}
