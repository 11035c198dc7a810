// The SDK as it is published: packed, installed elsewhere, used from plain JavaScript and TypeScript; its README runs from top to bottom.
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks, exampleEnvironment, startDocumentedService, writePictures } from './documented-examples.ts';
import type { TestService } from './service.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
/** A machine that is busy with other things may be ten times slower. */
const patience = 900_000;

let project: string;
let installed: string;
let test: TestService;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'styleforge-sdk-project-'));
  installed = join(project, 'node_modules', '@styleforge', 'sdk');
  await mkdir(installed, { recursive: true });
  await run(process.execPath, [join(root, 'infra', 'pack-sdk.mjs'), installed]);
  for (const name of [
    'openapi-fetch',
    'openapi-typescript-helpers',
    'eventsource-parser',
    'standardwebhooks',
    '@stablelib',
    'fast-sha256',
    '@types',
  ]) {
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name));
  }
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'scratch', type: 'module' }));
  await writePictures(project);
  test = await startDocumentedService();
}, patience);
afterAll(async () => {
  await test.remove();
  await rm(project, { recursive: true, force: true });
});

const node = (...args: string[]) => run(process.execPath, args, { cwd: project, env: { ...exampleEnvironment(test), PORT: '0' } });

describe("the SDK's package", () => {
  it('contains what it needs and nothing else', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json'], { cwd: installed });
    const [packed] = JSON.parse(stdout) as { name: string; files: { path: string }[]; size: number }[];
    const paths = packed?.files.map(({ path }) => path) ?? [];
    expect(packed?.name).toBe('@styleforge/sdk');
    expect(paths).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts', 'dist/local-files.js']),
    );
    expect(paths.filter((path) => !/^(LICENSE|README\.md|package\.json|dist\/.*\.(js|d\.ts))$/.test(path))).toEqual([]);
    expect(packed?.size).toBeLessThan(100_000);
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as Record<string, object>;
    expect(manifest).toMatchObject({ license: 'Apache-2.0', exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } } });
    expect(manifest).not.toHaveProperty('private');
    expect(Object.keys(manifest['dependencies'] ?? {}).filter((name) => name.startsWith('@styleforge/'))).toEqual([]);
  });

  it('works from plain JavaScript', async () => {
    await writeFile(
      join(project, 'plain.mjs'),
      `
      import StyleForge, { AuthenticationError } from '@styleforge/sdk';
      console.log((await new StyleForge().baseModels.list()).map(({ name }) => name).join());
      await new StyleForge({ apiKey: 'sf_wrong' }).datasets.list().catch((error) => console.log(error instanceof AuthenticationError, error.code));
    `,
    );
    expect((await node('plain.mjs')).stdout).toBe('styleforge-mini\ntrue unauthorized\n');
  });

  it('works with only what a browser has', async () => {
    await writeFile(
      join(project, 'page.mjs'),
      `
      import StyleForge from '@styleforge/sdk';
      globalThis.result = (async () => {
        const client = new StyleForge({ apiKey, baseUrl });
        const { id } = await client.datasets.create({ name: 'from a page', kind: 'aux' });
        const { kept } = await client.datasets.upload(id, new File([picture], 'one.png'));
        const refused = await client.datasets.upload(id, 'a/path.png').catch((error) => error.message);
        return { kept, refused };
      })();
    `,
    );
    const { outputFiles } = await build({
      entryPoints: [join(project, 'page.mjs')],
      bundle: true,
      platform: 'browser',
      format: 'iife',
      write: false,
      logLevel: 'silent',
    });
    const code = outputFiles[0]?.text ?? '';
    expect(code).not.toMatch(/["']node:/);
    const {
      fetch,
      Request,
      Response,
      Headers,
      FormData,
      Blob,
      File,
      URL,
      AbortController,
      AbortSignal,
      TextDecoder,
      ReadableStream,
      crypto,
      setTimeout,
      clearTimeout,
      ArrayBuffer,
      Uint8Array,
    } = globalThis;
    const picture = new Uint8Array(await readFile(join(project, 'pictures', 'aux', '1.png')));
    const page = {
      fetch,
      Request,
      Response,
      Headers,
      FormData,
      Blob,
      File,
      URL,
      AbortController,
      AbortSignal,
      TextDecoder,
      ReadableStream,
      crypto,
      setTimeout,
      clearTimeout,
      ArrayBuffer,
      Uint8Array,
      picture,
      apiKey: test.apiKey,
      baseUrl: test.service.url,
      result: Promise.resolve({}),
    };
    runInNewContext(code, page);
    expect(await page.result).toEqual({ kept: 1, refused: 'a/path.png: a browser cannot open paths; give a File, a Blob or bytes.' });
  });
});

describe("the SDK's README", () => {
  it(
    'is one program that compiles strictly and runs against the service',
    async () => {
      const readme = await readFile(join(root, 'packages', 'sdk', 'README.md'), 'utf8');
      const blocks = codeBlocks(readme, 'ts');
      expect(blocks.length).toBeGreaterThanOrEqual(8);
      await writeFile(join(project, 'readme.ts'), `${blocks.join('\n')}\n${deliverWebhook()}`);
      const options = [
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2023',
        '--lib',
        'es2023,dom,dom.iterable',
        '--types',
        'node',
        '--skipLibCheck',
      ];
      await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), 'readme.ts', ...options], {
        cwd: project,
      }).catch((error: unknown) => {
        throw new Error((error as { stdout: string }).stdout, { cause: error });
      });
      const { stdout } = await node('readme.js');
      for (const line of [
        'succeeded 4 ',
        'job.succeeded',
        'validation_failed req_',
        'base model styleforge-mini kid@mini-clip ',
        '2 true',
        'cancelled undefined',
        'training_job.succeeded',
        'webhook 204',
        'forged 400',
      ])
        expect(stdout).toContain(line);
      expect((await readdir(project)).filter((name) => /^img_.*\.png$/.test(name))).toHaveLength(1);
      expect((await readFile(join(project, 'first-file'))).length).toBeGreaterThan(0);
      expect(await readFile(join(project, 'report.html'), 'utf8')).toContain('<!doctype html>');
    },
    patience,
  );
});

/** What the service would send to the README's server, and what somebody else might. */
function deliverWebhook(): string {
  const body = JSON.stringify({ type: 'training_job.succeeded' });
  const timestamp = String(Math.floor(Date.now() / 1000) + 240);
  const signature = createHmac('sha256', Buffer.from('readme-secret')).update(`msg_1.${timestamp}.${body}`).digest('base64');
  const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
  return `
process.env.STYLEFORGE_WEBHOOK_SECRET = 'whsec_${Buffer.from('readme-secret').toString('base64')}';
const address = 'http://127.0.0.1:' + (server.address() as { port: number }).port;
const headers = ${JSON.stringify(headers)};
console.log('webhook', (await fetch(address, { method: 'POST', headers, body: ${JSON.stringify(body)} })).status);
console.log('forged', (await fetch(address, { method: 'POST', headers, body: '{}' })).status);
server.close();
`;
}
