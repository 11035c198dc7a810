// The three ways of the README's quickstart, each block as it stands, against a service at tiny size.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { codeBlocks, exampleEnvironment, startDocumentedService, writePictures } from './documented-examples.ts';
import type { TestService } from './service.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
/** A machine that is busy with other things may be ten times slower. */
const patience = 900_000;

let test: TestService;
let directory: string;
let readme: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-quickstart-'));
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  await writeFile(join(directory, 'package.json'), '{"type": "module"}');
  await writePictures(directory);
  readme = await readFile(join(root, 'README.md'), 'utf8');
  test = await startDocumentedService();
}, patience);
afterAll(async () => {
  await test.remove();
  await rm(directory, { recursive: true, force: true });
});

function blockOf(language: string, heading: string): string {
  const blocks = codeBlocks(readme, language, heading);
  expect(blocks).toHaveLength(1);
  return blocks[0] ?? '';
}
const options = () => ({ cwd: directory, env: exampleEnvironment(test), maxBuffer: 64 * 1024 * 1024 });
const bash = (code: string) => run('bash', ['-c', `set -euo pipefail\n${code}`], options());
const sizeOf = async (file: string) =>
  (({ format, width, height }) => ({ format, width, height }))(await sharp(join(directory, file)).metadata());
const picture = { format: 'png', width: 32, height: 32 };

it(
  'works with curl',
  async () => {
    const { stdout } = await bash(blockOf('bash', '### With curl'));
    expect(stdout).toMatch(/^4\n4\n/);
    expect(stdout).toContain('event: progress');
    expect(stdout).toContain('event: job.succeeded');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('succeeded');
    expect(await sizeOf('house.png')).toEqual(picture);
  },
  patience,
);

it(
  'stops with curl when a request is refused',
  async () => {
    const env = { ...exampleEnvironment(test), STYLEFORGE_API_KEY: 'sf_wrong' };
    const { stderr } = await run('bash', ['-c', `${blockOf('bash', '### With curl')}\ntrue`], { ...options(), env, timeout: 120_000 });
    expect(stderr).toContain('401');
  },
  patience,
);

it(
  'works with the command line',
  async () => {
    const { stdout } = await bash(blockOf('bash', '### With the command line'));
    expect(stdout).toMatch(/^status +succeeded$/m);
    const files = await readdir(join(directory, 'house'));
    expect(files).toEqual([expect.stringMatching(/^a-photo-of-zwx-style-house-\d+-[0-9a-f]{6}\.png$/)]);
    expect(await sizeOf(join('house', files[0] ?? ''))).toEqual(picture);
  },
  patience,
);

it(
  'exports the model as files for other programs',
  async () => {
    const { data } = (await test.call<{ data: { id: string }[] }>('GET', '/v1/training-jobs?limit=1')) ?? { data: [] };
    await bash(`JOB=${data[0]?.id}\n${blockOf('bash', '### Use the model elsewhere')}`);
    for (const file of ['my-style.safetensors', 'my-style-lora.safetensors']) {
      const bytes = await readFile(join(directory, file));
      const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()) as Record<string, unknown>;
      expect(Object.keys(header).length, file).toBeGreaterThan(10);
    }
  },
  patience,
);

it(
  'works with the SDK',
  async () => {
    await writeFile(join(directory, 'quickstart.ts'), blockOf('ts', '### With the SDK'));
    const { stdout } = await run(process.execPath, ['--import', 'tsx', 'quickstart.ts'], options());
    expect(stdout).toMatch(/^4 \d/m);
    const [url = ''] = /http:[^']+/.exec(stdout) ?? [];
    const png = await fetch(url, { headers: { authorization: `Bearer ${test.apiKey}` } });
    expect([png.status, png.headers.get('content-type')]).toEqual([200, 'image/png']);
  },
  patience,
);
