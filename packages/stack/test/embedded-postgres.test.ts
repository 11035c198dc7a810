// Starts, stops, kills and restarts a real Postgres as users and crashes would.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, typeScript } from '@styleforge/launch';
import { DirectoryInUseError, startEmbeddedPostgres } from '@styleforge/stack';
import { warnNotTested } from '@styleforge/testing';

const keeper = fileURLToPath(new URL('keep-postgres.ts', import.meta.url));
const rootMissing = process.geteuid?.() === 0 ? undefined : 'only root may start a program as somebody else';

async function query<Row extends pg.QueryResultRow>(databaseUrl: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

const postmasterPid = async (directory: string) =>
  Number((await readFile(join(directory, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);

async function startKeeper(directory: string): Promise<{ child: ChildProcess; databaseUrl: string }> {
  const child = spawn(process.execPath, [...typeScript(keeper), directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const databaseUrl = await new Promise<string>((done, fail) => {
    child.stdout.once('data', (chunk: Buffer) => done(chunk.toString().trim()));
    child.once('exit', (code) => fail(new Error(`the child ended with ${code}`)));
  });
  return { child, databaseUrl };
}

async function killHard(child: ChildProcess): Promise<void> {
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await gone;
}

describe('startEmbeddedPostgres', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'styleforge-stack-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('keeps its data and password between starts, and listens on loopback only', async () => {
    const first = await startEmbeddedPostgres({ directory });
    await query(first.databaseUrl, 'create table kept as select 42 as answer');
    const [listening] = await query<{ listen_addresses: string }>(first.databaseUrl, 'show listen_addresses');
    expect(listening?.listen_addresses).toBe('127.0.0.1');
    const wrong = new URL(first.databaseUrl);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
    await first.stop();
    await expect(query(first.databaseUrl, 'select 1')).rejects.toThrow(/ECONNREFUSED/);

    const second = await startEmbeddedPostgres({ directory });
    expect(await query(second.databaseUrl, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(new URL(second.databaseUrl).password).toBe(new URL(first.databaseUrl).password);
    await second.stop();
  });

  it('refuses a directory that a live process uses, and does not disturb its server', async () => {
    const server = await startEmbeddedPostgres({ directory });
    await expect(startEmbeddedPostgres({ directory })).rejects.toThrow(DirectoryInUseError);
    expect(await query(server.databaseUrl, 'select 1 as alive')).toEqual([{ alive: 1 }]);
    await server.stop();
  });

  it('stops with its parent, even one killed with -9, and starts again immediately', async () => {
    const { child, databaseUrl } = await startKeeper(directory);
    await query(databaseUrl, 'create table written_before_the_kill as select 7 as seven');
    const pid = await postmasterPid(directory);
    await killHard(child);
    const again = await startEmbeddedPostgres({ directory });
    expect(isAlive(pid)).toBe(false);
    expect(await query(again.databaseUrl, 'select seven from written_before_the_kill')).toEqual([{ seven: 7 }]);
    await again.stop();
  });

  it('recovers after parent and server were both killed with -9', async () => {
    const { child, databaseUrl } = await startKeeper(directory);
    await query(databaseUrl, 'create table committed as select 1 as one');
    const pid = await postmasterPid(directory);
    process.kill(pid, 'SIGKILL');
    await killHard(child);
    const again = await startEmbeddedPostgres({ directory });
    expect(await query(again.databaseUrl, 'select one from committed')).toEqual([{ one: 1 }]);
    await again.stop();
  });

  it('restarts on the same port with all committed data when the server is killed with -9, and stops on request', async () => {
    const server = await startEmbeddedPostgres({ directory });
    await query(server.databaseUrl, 'create table committed_before as select 3 as three');
    for (let kill = 0; kill < 6; kill += 1) {
      process.kill(await postmasterPid(directory), 'SIGKILL');
      const end = Date.now() + 60_000;
      for (;;) {
        const rows = await query(server.databaseUrl, 'select three from committed_before').catch(() => undefined);
        if (rows) break;
        if (Date.now() > end) throw new Error('Postgres did not come back');
        await sleep(50);
      }
    }
    await server.stop();
    await expect(query(server.databaseUrl, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
  }, 90_000);

  it('reports that a dead server cannot be started again', async () => {
    const broken = await mkdtemp(join(tmpdir(), 'styleforge-broken-'));
    await chmod(broken, 0o755);
    let givenUp: (error: Error) => void = () => undefined;
    const told = new Promise<Error>((done) => (givenUp = done));
    const server = await startEmbeddedPostgres({ directory: broken, onGivenUp: (error) => givenUp(error) });
    await rm(join(broken, 'data', 'global'), { recursive: true });
    process.kill(await postmasterPid(broken), 'SIGKILL');
    expect(String(await told)).toMatch(/Postgres did not start; the end of .*postgres\.log/);
    await server.stop();
    await rm(broken, { recursive: true });
  }, 90_000);

  it('treats a postmaster.pid as stale if the process id now belongs to another program', async () => {
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    await writeFile(join(directory, 'data', 'postmaster.pid'), `${other.pid}\n${join(directory, 'data')}\n0\n1\n\n127.0.0.1\n`);
    const server = await startEmbeddedPostgres({ directory });
    expect(await query(server.databaseUrl, 'select 1 as up')).toEqual([{ up: 1 }]);
    expect(isAlive(other.pid ?? 0)).toBe(true);
    await server.stop();
    await killHard(other);
  }, 20_000);

  it('ends if the process that started it ends without stopping it', async () => {
    const code = `import { startEmbeddedPostgres } from '@styleforge/stack';
      await startEmbeddedPostgres({ directory: process.argv[1] });`;
    const run = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code, directory], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    const end = Date.now() + 5_000;
    while (existsSync(join(directory, 'data', 'postmaster.pid')) && Date.now() < end) await sleep(50);
    expect(existsSync(join(directory, 'data', 'postmaster.pid'))).toBe(false);
  });
});

describe.skipIf(warnNotTested('Postgres as another user than root', rootMissing))('as root where user namespaces are closed', () => {
  it('runs Postgres as another user, with its data where that user can access it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'styleforge-closed-'));
    await chmod(directory, 0o700);
    const nested = join(directory, 'below-a-closed-folder');
    const server = await startEmbeddedPostgres({ directory: nested, account: 'other-user' });
    const [row] = await query<{ data_directory: string }>(server.databaseUrl, 'show data_directory');
    expect(row?.data_directory).toMatch(/^\/var\/lib\/styleforge\/[0-9a-f]{16}\/data$/);
    await server.stop();
    await rm(join(row?.data_directory ?? directory, '..'), { recursive: true });
    await rm(directory, { recursive: true });
  });
});
