// The Python client: up to date with the routes, installable, and all of it against a real service. Its README's blocks run as they stand.
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { warnNotTested } from '@styleforge/testing';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks, exampleEnvironment, startDocumentedService, writePictures } from './documented-examples.ts';
import type { TestService } from './service.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const client = join(root, 'clients', 'python');
/** A machine that is busy with other things may be ten times slower. */
const patience = 900_000;

function pythonMissing(): string | undefined {
  try {
    const version = execFileSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 11))'], { encoding: 'utf8' });
    return version.trim() === 'True' ? undefined : 'python3 is older than 3.11';
  } catch {
    return 'there is no python3 (apt-get install python3)';
  }
}

describe.skipIf(warnNotTested('the Python client', pythonMissing()))('the Python client', () => {
  let service: TestService;
  let directory: string;
  const environment = (): NodeJS.ProcessEnv => ({
    ...exampleEnvironment(service),
    PYTHONPATH: join(client, 'src'),
    PYTHONDONTWRITEBYTECODE: '1',
    STYLEFORGE_TEST_IMAGES: directory,
  });
  const python = (...args: string[]) => run('python3', args, { cwd: directory, env: environment(), maxBuffer: 64 * 1024 * 1024 });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'styleforge-python-'));
    await writePictures(directory);
    const image = sharp({ create: { width: 48, height: 40, channels: 3, background: 'teal' } });
    for (const format of ['png', 'jpeg', 'webp'] as const)
      await image
        .clone()
        .toFormat(format)
        .toFile(join(directory, `sized.${format}`));
    await image.clone().webp({ lossless: true }).toFile(join(directory, 'sized.lossless.webp'));
    service = await startDocumentedService();
  }, patience);
  afterAll(async () => {
    await service?.remove();
    await rm(directory, { recursive: true, force: true });
  });

  it(
    'performs every task on a real service',
    async () => {
      const { stderr } = await python(join(client, 'tests', 'test_client.py'), '-v');
      expect(stderr).toMatch(/^OK$/m);
    },
    patience,
  );

  it(
    'runs the block of the README unchanged',
    async () => {
      const [block = ''] = codeBlocks(await readFile(join(root, 'README.md'), 'utf8'), 'python', '### With Python');
      await writeFile(join(directory, 'quickstart.py'), block);
      const { stdout } = await python('quickstart.py');
      expect(stdout).toMatch(/^4 \d/m);
      expect(await sharp(join(directory, 'house.png')).metadata()).toMatchObject({ format: 'png', width: 32, height: 32 });
    },
    patience,
  );

  it(
    'runs every block of its own README unchanged',
    async () => {
      const blocks = codeBlocks(await readFile(join(client, 'README.md'), 'utf8'), 'python');
      expect(blocks.length).toBeGreaterThan(4);
      await writeFile(join(directory, 'readme.py'), blocks.join('\n'));
      const { stdout } = await python('readme.py');
      expect(stdout).toContain('job.succeeded');
    },
    patience,
  );

  it(
    'can be installed by pip from its folder',
    async () => {
      const target = join(directory, 'installed');
      const copy = join(directory, 'copy');
      await run('cp', ['-r', client, copy]);
      await mkdir(target);
      const options = { env: { ...exampleEnvironment(service), PIP_DISABLE_PIP_VERSION_CHECK: '1' } };
      const reason = await run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', target, copy], options).then(
        () => undefined,
        ({ stderr }: { stderr: string }) => stderr,
      );
      if (reason !== undefined && /No module named pip|requirement setuptools|Connection|Temporary failure/.test(reason)) {
        warnNotTested('pip install clients/python', 'pip is missing or cannot fetch setuptools');
        return;
      }
      expect(reason).toBeUndefined();
      const { stdout } = await run('python3', ['-c', 'import styleforge; print(styleforge.__version__, styleforge.__file__)'], {
        env: { ...exampleEnvironment(service), PYTHONPATH: target },
      });
      const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
      expect(stdout.trim()).toBe(`${version} ${join(target, 'styleforge', '__init__.py')}`);
      const manifest = await readFile(join(client, 'pyproject.toml'), 'utf8');
      expect(manifest).toContain(`version = "${version}"`);
    },
    patience,
  );
});
