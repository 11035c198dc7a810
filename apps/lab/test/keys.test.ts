// `npm run keys` as a process of its own, on the embedded database: beside a service that runs, and without one.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createDatabase } from '@styleforge/database';
import { typeScript } from '@styleforge/launch';
import { startEmbeddedPostgres } from '@styleforge/stack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manageKeys, UsageError } from '../src/keys/manage-keys.ts';

const entry = fileURLToPath(new URL('../src/keys/main.ts', import.meta.url));
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'styleforge-keys-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function keys(...args: string[]): Promise<string> {
  const env = { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, DATA_DIRECTORY: directory };
  return (await promisify(execFile)(process.execPath, [...typeScript(entry), ...args], { env })).stdout;
}

describe('npm run keys', () => {
  it('creates a key of a new project, lists and revokes it, whether the database is running or not', async () => {
    const created = await keys('create', '--name', 'ci', '--scopes', 'read', '--project', 'acme', '--expires', '2099-01-01');
    const key = /^sf_\S+$/m.exec(created)?.[0] ?? '';
    const id = /key_\S+/.exec(created)?.[0] ?? '';
    const postgres = await startEmbeddedPostgres({ directory: path.join(directory, 'postgres') });
    const database = createDatabase(postgres.databaseUrl);
    expect(await database.apiKeys.identify(key)).toMatchObject({ keyId: id, scopes: ['read'] });
    expect(await keys('list', '--project', 'acme')).toMatch(
      new RegExp(`^${id}  ${key.slice(0, 9)}\\.\\.\\.  read  last used .*expires 2099-01-01.*  ci\n$`),
    );
    expect(await manageKeys(database, ['revoke', id], {})).toContain('revoked');
    expect(await database.apiKeys.identify(key)).toBeNull();
    for (const [args, options, message] of [
      [['create'], {}, '--name:'],
      [['create'], { name: 'x', scopes: 'root' }, '--scopes:'],
      [['create'], { name: 'x', expires: 'soon' }, '--expires:'],
      [['create'], { name: 'x', expires: '2020-01-01' }, '--expires:'],
      [['list'], { project: 'none' }, 'no project none'],
      [['revoke'], {}, 'name the id'],
      [['revoke', 'key_x'], {}, 'no key key_x'],
      [['destroy'], {}, 'destroy is not an action'],
    ] as const) {
      const refusal = await manageKeys(database, [...args], options).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(UsageError);
      expect((refusal as Error).message).toContain(message);
    }
    await database.close();
    await postgres.stop();
  });
});
