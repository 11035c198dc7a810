// The images: rules that matter for Dockerfiles, the compose file, and the very steps of the Dockerfiles run in a scratch folder.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '@styleforge/stack';
import { startTestDatabase, type TestDatabase, warnNotTested } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerMissing, inContainer, prepareTree } from './as-container.ts';
import { readText, readYaml, repository, unknownSettings } from './files.ts';

const run = promisify(execFile);
const patience = 600_000;
const services = ['api', 'worker', 'worker-gpu', 'worker-cuda12', 'worker-cuda13'].map((name) => `infra/docker/Dockerfile.${name}`);
const dockerfiles = [...services, 'infra/docker/Dockerfile.tools'];

describe.each(dockerfiles)('%s', (file) => {
  it('follows the rules: pinned digests, no root at run time, a health check, commands without a shell, small package lists', async () => {
    const text = await readText(file);
    expect(text.match(/^FROM /gm)).toHaveLength(2);
    for (const [, image = ''] of text.matchAll(/^FROM (\S+)/gm))
      expect(image).toMatch(/^[a-z/]+:\d+\.\d+\.\d+-[a-z-]+@sha256:[0-9a-f]{64}$/);
    expect(text).not.toMatch(/^ADD |\bsudo\b|:latest/m);
    const last = text.slice(text.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^USER 1000:1000$/m);
    if (services.includes(file)) expect(last).toMatch(/^HEALTHCHECK .*CMD \[/m);
    expect(last).toMatch(/^CMD \[/m);
    expect(last).not.toMatch(/COPY (?!--from)/);
    if (text.includes('apt-get install'))
      expect(text).toMatch(/apt-get update \\\n.*--no-install-recommends .*\\\n.*rm -rf \/var\/lib\/apt\/lists/);
    const settings = [...last.matchAll(/^ENV (.*)$/gm)].flatMap(([, pairs = '']) =>
      pairs.split(' ').map((pair) => pair.split('=')[0] ?? ''),
    );
    expect(unknownSettings(settings.filter((name) => name !== 'NODE_ENV' && !/^(NVIDIA_|XDG_)/.test(name)))).toEqual([]);
  });
});

it.each([12, 13])(
  'the image for CUDA %s installs libraries of one CUDA version by hash, and the provider of the locked onnxruntime',
  async (cuda) => {
    const lines = (await readText(`infra/docker/cuda-${cuda}.txt`)).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines) expect(line).toMatch(/^[a-z0-9-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}$/);
    for (const library of ['cublas', 'curand', 'cuda-runtime', 'cudnn'])
      expect(lines.filter((line) => line.includes(`nvidia-${library}`))).toHaveLength(1);
    expect(lines.filter((line) => line.includes(`-cu${cuda === 12 ? 13 : 12}==`))).toEqual([]);
    const { packages } = JSON.parse(await readText('package-lock.json')) as { packages: Record<string, { version: string }> };
    const wheel = lines.find((line) => line.startsWith('onnxruntime-gpu=='));
    const version = packages['node_modules/onnxruntime-node']!.version;
    if (cuda === 13) expect(wheel).toContain(`==${version} `);
    else expect(await readText('infra/docker/Dockerfile.worker-cuda12')).toContain('ONNXRUNTIME_NODE_INSTALL=cuda12');
  },
);

interface Compose {
  services: Record<
    string,
    {
      image: string;
      command?: string[];
      environment?: Record<string, string>;
      read_only?: boolean;
      healthcheck?: object;
      build?: { dockerfile: string };
    }
  >;
}

describe('docker-compose.yml', () => {
  it('passes dclint', async () => {
    const { stdout } = await run(process.execPath, ['node_modules/dclint/bin/dclint.cjs', 'docker-compose.yml', '--formatter', 'json'], {
      cwd: repository,
    });
    expect(JSON.parse(stdout)).toMatchObject([{ messages: [] }]);
  });

  it('pins its images, gives our services read-only roots, and sets only variables that the service knows', async () => {
    const [compose] = await readYaml<Compose>('docker-compose.yml');
    expect(Object.keys(compose!.services)).toEqual(expect.arrayContaining(['api', 'worker', 'migrations', 'first-key']));
    for (const [name, service] of Object.entries(compose!.services)) {
      expect(service.image, name).toMatch(/@sha256:[0-9a-f]{64}$|:\$\{TAG/);
      if (!service.image.startsWith('styleforge-')) continue;
      expect(service.read_only, name).toBe(true);
      const settings = Object.keys(service.environment ?? {}).filter((setting) => !setting.startsWith('STYLEFORGE_'));
      expect(unknownSettings(settings), name).toEqual([]);
      if (service.build) expect(dockerfiles).toContain(service.build.dockerfile);
    }
  });
});

interface Image {
  root: string;
  cwd: string;
  env: Record<string, string>;
  entrypoint: string[];
  command: string[];
  healthcheck: string[];
}

const isContained = containerMissing === undefined;

describe('an image built from its steps', () => {
  let scratch: string;
  /** One database belongs to one store. */
  let objects: string;
  let database: TestDatabase;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'styleforge-images-'));
    objects = join(scratch, 'objects');
    database = await startTestDatabase();
  });
  afterAll(async () => {
    await database.close();
    await rm(scratch, { recursive: true, force: true });
  });

  async function build(name: string): Promise<Image> {
    const folder = join(scratch, name);
    await run(process.execPath, ['infra/docker/run-steps.mjs', `infra/docker/Dockerfile.${name}`, folder, '--modules', '.'], {
      cwd: repository,
    });
    const image = JSON.parse(await readFile(join(folder, 'image.json'), 'utf8')) as Image;
    prepareTree(image.root, [objects]);
    return image;
  }

  /** Runs a command of the image as a container would, to its end. */
  function runIn(image: Image, command: readonly string[], environment = environmentIn(image)) {
    const [program = '', ...args] = inContainer(image.root, [objects], command);
    return run(program, args, { cwd: image.cwd, env: environment });
  }

  function environmentIn({ root, env }: Image, port = 0): Record<string, string> {
    const inTree = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, value.startsWith('/') ? join(root, value) : value]),
    );
    const settings = {
      ...inTree,
      DATABASE_URL: database.databaseUrl,
      LOG_LEVEL: 'warn',
      HOST: '127.0.0.1',
      OBJECT_STORE_DIRECTORY: objects,
      [env['WORKER_PORT'] ? 'WORKER_PORT' : 'PORT']: String(port),
    };
    return {
      PATH: `${join(process.execPath, '..')}:/usr/bin:/bin`,
      TMPDIR: isContained ? join(root, 'tmp') : join(scratch, 'tmp'),
      ...settings,
    };
  }

  /** Starts the image's command on the tree that its steps made; resolves when its health check passes. */
  async function untilHealthy(image: Image, port: number): Promise<{ stop(): Promise<number | null> }> {
    const { cwd, command, healthcheck } = image;
    const environment = environmentIn(image, port);
    const [program = '', ...args] = inContainer(image.root, [objects], command);
    const child = spawn(program, args, { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const exited = new Promise<number | null>((done) => child.once('exit', done));
    while (child.exitCode === null) {
      const isHealthy = await runIn(image, healthcheck, environment).then(
        () => true,
        () => false,
      );
      if (isHealthy) return { stop: () => (child.kill('SIGTERM'), exited) };
      await sleep(500);
    }
    throw new Error(`${command.join(' ')} ended with ${child.exitCode} before it was healthy: ${said}`);
  }

  it.skipIf(warnNotTested('images as user 1000 with a read-only root', containerMissing))(
    'runs as user 1000, and can write only to /data, /tmp and the store',
    async () => {
      const root = join(scratch, 'probe/stage');
      await mkdir(root, { recursive: true });
      prepareTree(root, [objects]);
      const places = [root, scratch, repository, join(root, 'data'), join(root, 'tmp'), objects];
      const probe = 'id -u; for place; do touch "$place/written" 2>/dev/null && echo "$place"; done; true';
      const [program = '', ...args] = inContainer(root, [objects], ['sh', '-c', probe, 'sh', ...places]);
      const { stdout } = await run(program, args);
      expect(stdout.trim().split('\n')).toEqual(['1000', join(root, 'data'), join(root, 'tmp'), objects]);
    },
  );

  it(
    'for the API contains no onnxruntime, starts, becomes ready and stops in order',
    async () => {
      const image = await build('api');
      const modules = join(image.cwd, 'node_modules');
      expect((await readdir(modules)).filter((name) => name.startsWith('onnxruntime'))).toEqual([]);
      expect(await readdir(join(modules, '@styleforge'))).toEqual([
        'api',
        'config',
        'contracts',
        'database',
        'launch',
        'model-files',
        'queue',
        'reports',
        'storage',
        'telemetry',
      ]);
      expect(await readdir(join(image.cwd, 'apps/api'))).toEqual(['package.json', 'src']);
      expect(await readdir(join(modules, '.cache/styleforge'))).toEqual([
        'apps+api+src+decoding+decode-main.ts',
        'apps+api+src+inspection+inspect-main.ts',
        'apps+api+src+main.ts',
      ]);
      await cp(join(repository, 'models'), join(image.root, 'models'), { recursive: true });
      const port = await freePort();
      const api = await untilHealthy(image, port);
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
      expect([ready.status, await ready.json()]).toMatchObject([200, { status: 'ready' }]);
      // What docker-compose.yml runs in the same image beside the API.
      const [compose] = await readYaml<Compose>('docker-compose.yml');
      const runService = (name: string) => {
        const [, ...args] = compose?.services[name]?.command ?? [];
        return runIn(image, [process.execPath, ...args]);
      };
      await runService('migrations');
      const [key = ''] = /sf_\S+/.exec((await runService('first-key')).stdout) ?? [];
      expect((await fetch(`http://127.0.0.1:${port}/v1/datasets`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
      expect((await runService('first-key')).stdout).not.toContain('sf_');
      expect(await api.stop()).toBe(0);
    },
    patience,
  );

  it(
    'for the worker contains everything that it computes with, starts, becomes ready and stops in order',
    async () => {
      const image = await build('worker');
      expect(existsSync(join(image.cwd, 'node_modules/onnxruntime-node/package.json'))).toBe(true);
      const bundled = await readdir(join(image.cwd, 'node_modules/.cache/styleforge'));
      expect(bundled).toEqual(['apps+worker+src+child+generate-main.ts', 'apps+worker+src+child+main.ts', 'apps+worker+src+main.ts']);
      const port = await freePort();
      const worker = await untilHealthy(image, port);
      const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
      expect([ready.status, await ready.json()]).toMatchObject([200, { status: 'ready' }]);
      expect(await worker.stop()).toBe(0);
    },
    patience,
  );

  it(
    'for the tools creates keys, describes its programs, and names the service that it asks',
    async () => {
      const image = await build('tools');
      const tool = (...args: string[]) => runIn(image, [...image.entrypoint, ...args]);
      await tool('migrate');
      expect((await tool('keys', 'create', '--name', 'tools', '--scopes', 'read')).stdout).toMatch(/^sf_\S+$/m);
      expect((await tool('base-models', '--help')).stdout).toContain('Usage: npm run base-models');
      expect((await tool('--version')).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
      expect((await tool(...image.command)).stdout).toContain('doctor');
      expect(existsSync(join(image.cwd, 'apps/worker'))).toBe(false);
    },
    patience,
  );

  it(
    'for the worker on GPUs starts, or says what the machine lacks',
    async () => {
      const image = await build('worker-gpu');
      const ending = await untilHealthy(image, await freePort()).then(
        (worker) => worker.stop(),
        (error: unknown) => String(error),
      );
      if (ending !== 0)
        expect(ending).toMatch(/ended with 1 .*DEVICE: webgpu is not available on this machine: it needs a GPU with a Vulkan driver/s);
    },
    patience,
  );
});
