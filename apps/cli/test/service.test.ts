// The command line against the whole service: a job's life, what scripts read, exit codes.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { warnNotTested } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDocumentedService, writePictures } from '../../../test/integration/documented-examples.ts';
import type { TestService } from '../../../test/integration/service.ts';
import { inTerminal, styleforge } from './command-line.ts';
import type { CommandLine, RunOptions } from './command-line.ts';

/** A machine that is busy with other things may be ten times slower. */
const patience = 900_000;
const scriptMissing =
  process.platform === 'linux' ? undefined : `script(1) of ${process.platform} does not start a command as that of Linux does`;

let test: TestService;
let line: CommandLine;
beforeAll(async () => {
  test = await startDocumentedService();
  const directory = await mkdtemp(join(tmpdir(), 'styleforge-cli-'));
  line = { directory, environment: { STYLEFORGE_BASE_URL: test.service.url, STYLEFORGE_API_KEY: test.apiKey } };
  await writePictures(directory);
}, patience);
afterAll(async () => {
  await test.remove();
  await rm(line.directory, { recursive: true, force: true });
});

const run = (args: string[], options?: RunOptions) => styleforge(line, args, options);
/** What a script reads; fails when anything else stands on standard output. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run([...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
}

describe('login', () => {
  it(
    'stores address and key for their owner only, after the service has accepted them',
    async () => {
      const refused = await styleforge({ ...line, environment: {} }, ['login', '--base-url', test.service.url], { input: 'sf_wrong\n' });
      expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('unauthorized')]);
      const { code } = await styleforge({ ...line, environment: {} }, ['login', '--base-url', test.service.url], {
        input: `${test.apiKey}\n`,
      });
      expect(code).toBe(0);
      expect((await stat(join(line.directory, 'styleforge', 'config.json'))).mode & 0o777).toBe(0o600);
      expect((await styleforge({ ...line, environment: {} }, ['models'])).stdout).toContain('styleforge-mini');
      expect((await styleforge({ ...line, environment: {} }, ['doctor'])).code).toBe(0);
    },
    patience,
  );
});

it(
  'uploads nothing for a job that is refused',
  async () => {
    const refused = await run(['train', '--base-model', 'nowhere', '--style-ref', 'pictures/style', '--detach']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--base-model: there is no base model nowhere')]);
    const folders = ['--style-ref', 'pictures/style', '--aux', 'pictures/aux', '--detach'];
    const misspelt = await run(['train', '--base-model', 'styleforge-mini', ...folders, '--set', 'hyperparameters.learning_rat=1']);
    expect([misspelt.code, misspelt.stderr]).toEqual([3, expect.stringContaining('/hyperparameters/learning_rat: there is no such field')]);
    const compared = await run(['train', '--base-model', 'styleforge-mini', ...folders, '--set', 'evaluation.compare_with=[nobody]']);
    expect([compared.code, compared.stderr]).toEqual([3, expect.stringContaining('/evaluation/compare_with/0')]);
    expect((await json<{ data: object[] }>('datasets', 'list')).data).toEqual([]);
  },
  patience,
);

describe('a job', () => {
  let jobId: string;

  it(
    'is created from a file and flags, followed, and left with Ctrl-C',
    async () => {
      const { id } = await json<{ id: string }>('datasets', 'create', 'my style', 'pictures/style');
      await writeFile(join(line.directory, 'job.yaml'), `style_ref: {dataset_id: ${id}}\nhyperparameters: {seed: 3, max_train_steps: 9}\n`);
      const left = await run(
        [
          'train',
          '-f',
          'job.yaml',
          '--steps',
          '3000',
          '--set',
          'hyperparameters.learning_rate=0.0005',
          '--metadata',
          'team=red',
          '--metadata',
          'plan.name=a=b',
        ],
        { interruptAt: /\d\/3000 / },
      );
      expect(left.code).toBe(130);
      // the file names none, and one is installed
      expect(left.stderr).toContain('base model: styleforge-mini');
      [jobId = ''] = /job_[0-9a-f-]{36}/.exec(left.stderr) ?? [];
      expect(left.stderr).toContain(`To follow it again: styleforge jobs follow ${jobId}`);
      const job = await json<{ status: string; metadata: object; config: { hyperparameters: object } }>('jobs', 'show', jobId);
      expect(job).toMatchObject({
        metadata: { team: 'red', 'plan.name': 'a=b' },
        config: { hyperparameters: { seed: 3, max_train_steps: 3000, learning_rate: 5e-4 } },
      });
      expect(['queued', 'validating', 'running']).toContain(job.status);
    },
    patience,
  );

  it(
    'can be cancelled, and the command that follows it ends with the exit code for that',
    async () => {
      expect((await run(['jobs', 'cancel', jobId])).code).toBe(0);
      const followed = await run(['jobs', 'follow', jobId]);
      expect([followed.code, followed.stdout]).toEqual([7, '']);
      expect(followed.stderr).toContain('is cancelled');
      const log = await run(['jobs', 'logs', jobId, '--follow', '--json']);
      const types = log.stdout
        .trimEnd()
        .split('\n')
        .map((text) => (JSON.parse(text) as { type: string }).type);
      expect([types[0], types.at(-1)]).toEqual(['job.queued', 'job.cancelled']);
      expect((await run(['jobs', 'logs', jobId])).stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}job\.queued/);
      await expect
        .poll(async () => (await run(['jobs', 'logs', jobId, '--worker'])).stdout, { timeout: 20_000 })
        .toMatch(/ info +training job claimed/);
      expect((await run(['jobs', 'logs', jobId, '--worker', '--follow'])).code).toBe(2);
      expect((await run(['jobs', 'list', '--status', 'cancelled'])).stdout).toMatch(/^ID +STATUS[^]*single-styleforge +styleforge-mini/);
    },
    patience,
  );

  it(
    'generates images after it has succeeded',
    async () => {
      const job = await json<{ id: string; status: string; name: string }>(
        'train',
        '--base-model',
        'styleforge-mini',
        '--style-ref',
        'pictures/style',
        '--aux',
        'pictures/aux',
        '--steps',
        '2',
        '--name',
        'two steps',
        '--evaluate',
        '--set',
        'evaluation.prompts=[a house, a cat]',
      );
      expect(job).toMatchObject({ status: 'succeeded', name: 'two steps' });
      jobId = job.id;
      const { files } = await json<{ files: string[] }>(
        'generate',
        '-m',
        job.id,
        'a photo of zwx style, Häuser!',
        '-n',
        '2',
        '--seed',
        '7',
        '-o',
        'drawn',
      );
      expect(files.map((file) => file.replace(/-[0-9a-f]{6}\.png$/, ''))).toEqual([
        'drawn/a-photo-of-zwx-style-häuser-7',
        'drawn/a-photo-of-zwx-style-häuser-8',
      ]);
      expect((await readdir(join(line.directory, 'drawn'))).length).toBe(2);
      expect((await readFile(join(line.directory, files[0] ?? ''))).subarray(1, 4).toString()).toBe('PNG');
      const { data } = await json<{ data: { seed: number; url: string }[] }>('images', 'list', '--training-job', job.id);
      expect(data.map(({ seed }) => seed)).toEqual([8, 7]);
      expect((await run(['images', 'list', '--model', job.id, '--limit', '1'])).stdout).toMatch(
        /^IMAGE +SEED[^]*\/v1\/images\/img_\S+ +8 .*Häuser!\n$/,
      );
      expect((await run(['images', 'list', '--starred'])).stdout).toBe('There are no such images.\n');
      const { checks } = await json<{ checks: { name: string; status: string; detail: string }[] }>('doctor');
      expect(checks.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['node', 'service', 'database', 'queue', 'object_store', 'key', 'weights', 'worker', 'queues', 'device']),
      );
      // what only a card needs may be absent here
      expect(checks.filter(({ name, status }) => status !== 'ok' && !/^(webgpu|cuda|nvidia|vulkan)\b/.test(name))).toEqual([]);
      expect(checks.find(({ name }) => name === 'device')?.detail).toMatch(/^cpu, .+ of .+:\d+$/);
    },
    patience,
  );

  it.skipIf(warnNotTested('pictures in a terminal', scriptMissing))(
    'shows its images in a terminal that supports them, exactly as they were saved',
    async () => {
      const sent = await inTerminal(line, 'xterm-kitty', ['generate', '-m', 'styleforge-mini', 'a house', '--steps', '2', '-o', 'shown']);
      const escape = '\u001b';
      const pieces = sent
        .split(`${escape}_G`)
        .slice(1)
        .map((piece) => (piece.split(`${escape}\\`)[0] ?? '').split(';')[1] ?? '');
      const [file = ''] = await readdir(join(line.directory, 'shown'));
      expect(Buffer.from(pieces.join(''), 'base64')).toEqual(await readFile(join(line.directory, 'shown', file)));
      expect(
        await inTerminal(line, 'xterm-kitty', [
          'generate',
          '-m',
          'styleforge-mini',
          'a house',
          '--steps',
          '2',
          '-o',
          'hidden',
          '--no-inline',
        ]),
      ).not.toContain(`${escape}_G`);
    },
    patience,
  );

  it(
    'has a report as a table, and as a page in the browser',
    async () => {
      const shown = await run(['report', jobId]);
      expect(shown.code).toBe(0);
      expect(shown.stdout).toMatch(/^MODEL +kid@mini-clip ×1000 ↓ +fid@mini-clip ↓ +clip@mini-clip ↑ /m);
      expect(shown.stdout).toMatch(/^base model styleforge-mini +-?[\d.e-]+ +[\d.e-]+ +-?[\d.e-]+ /m);
      expect(await json('report', jobId)).toMatchObject({
        training_job_id: jobId,
        models: [{ name: jobId }, { name: 'base' }],
        prompts: { list: ['a house', 'a cat'] },
      });

      const browser = join(line.directory, 'browser');
      await writeFile(browser, '#!/bin/sh\ncp "$1" opened.html\n', { mode: 0o755 });
      const opened = await styleforge({ ...line, environment: { ...line.environment, BROWSER: browser } }, [
        'report',
        jobId,
        '--open',
        '--out',
        'report.html',
      ]);
      expect([opened.code, opened.stdout]).toEqual([0, expect.stringContaining('The page: report.html')]);
      const page = await readFile(join(line.directory, 'report.html'), 'utf8');
      expect(page).toContain('<!doctype html>');
      await expect.poll(() => readFile(join(line.directory, 'opened.html'), 'utf8').catch(() => ''), { timeout: 60_000 }).toBe(page);
    },
    patience,
  );

  it(
    'can be evaluated again, together with other models',
    async () => {
      const asked = await run([
        'evaluate',
        'styleforge-mini',
        '--reference',
        'pictures/style',
        '--prompt',
        'a house',
        '-n',
        '2',
        '--metric',
        'kid',
        '--compare-with',
        jobId,
        '--detach',
      ]);
      const [id = ''] = /eval_[0-9a-f-]{36}/.exec(asked.stdout) ?? [];
      const followed = await run(['evaluations', 'follow', id]);
      expect([followed.code, followed.stderr]).toEqual([0, expect.stringContaining('succeeded')]);
      expect(followed.stdout).toMatch(/^MODEL +kid@mini-clip ×1000 ↓ +DIVERSITY/m);
      const { data } = await json<{ data: { id: string; training_job_id: string | null }[] }>('evaluations', 'list');
      expect(data.map((evaluation) => [evaluation.id, evaluation.training_job_id])).toEqual([
        [id, null],
        [expect.any(String), jobId],
      ]);
      expect((await run(['evaluations', 'cancel', id])).stdout).toBe(`${id}  succeeded\n`);
    },
    patience,
  );
});

it(
  'sends images directly to the store, with their captions',
  async () => {
    const made = await json<{ id: string; image_count: number }>('datasets', 'create', 'direct', 'pictures/style', '--direct');
    expect(made.image_count).toBe((await readdir(join(line.directory, 'pictures/style'))).filter((name) => name.endsWith('.png')).length);
    const [file = ''] = await readdir(join(line.directory, 'pictures/aux'));
    const more = await run(['datasets', 'upload', made.id, `pictures/aux/${file}`, '--direct', '--caption', 'sent to the store']);
    expect([more.code, more.stdout]).toEqual([0, '1 kept, 0 refused\n']);
    expect((await run(['datasets', 'show', made.id])).stdout).toMatch(new RegExp(`${file} .*sent to the store`));
    await writeFile(join(line.directory, 'spoilt.png'), 'no image');
    const refused = await run(['datasets', 'upload', made.id, 'spoilt.png', '--direct']);
    expect([refused.code, refused.stderr]).toEqual([7, expect.stringContaining('refused: spoilt.png')]);
  },
  patience,
);

describe('scripts', () => {
  it(
    'can distinguish failures by exit code',
    async () => {
      const missing = 'job_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70';
      const gone = await run(['jobs', 'show', missing, '--json']);
      expect([gone.code, JSON.parse(gone.stderr)]).toMatchObject([5, { error: { code: 'not_found', status: 404 } }]);
      const refused = await run(['train', '--base-model', 'styleforge-mini', '--style-ref', 'ds_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70']);
      expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('/style_ref/dataset_id: there is no dataset')]);
      expect(refused.stderr).not.toContain('is of the wrong kind, has too few images');
      await writeFile(join(line.directory, 'notes.txt'), 'no image');
      const partly = await run(['datasets', 'create', 'odd', 'notes.txt', '--kind', 'aux']);
      expect([partly.code, partly.stderr]).toEqual([7, expect.stringContaining('refused: notes.txt')]);
    },
    patience,
  );

  it(
    'can manage keys, prompt sets and webhooks',
    async () => {
      const key = await json<{ id: string; key: string; scopes: string[] }>('keys', 'create', 'reader', '--scope', 'read');
      expect(key.scopes).toEqual(['read']);
      const reader = { ...line, environment: { ...line.environment, STYLEFORGE_API_KEY: key.key } };
      expect((await styleforge(reader, ['datasets', 'list'])).code).toBe(0);
      expect((await styleforge(reader, ['datasets', 'create', 'x'])).code).toBe(4);
      await json('keys', 'revoke', key.id);
      expect((await styleforge(reader, ['datasets', 'list'])).code).toBe(4);
      expect((await run(['keys', 'list'])).stdout).toMatch(/reader.*revoked/);
      await writeFile(join(line.directory, 'prompts.txt'), 'a house\n\na tree\n');
      expect(await json('prompt-sets', 'create', 'mine', 'prompts.txt')).toMatchObject({
        name: 'mine',
        version: 1,
        prompts: ['a house', 'a tree'],
      });
      expect((await run(['prompt-sets', 'show', 'mine@1'])).stdout).toBe('a house\na tree\n');
      const { id, secret } = await json<{ id: string; secret: string }>(
        'webhooks',
        'create',
        'https://example.com/hook',
        '--event',
        'training_job.failed',
      );
      expect(secret).toMatch(/^whsec_/);
      const update = (...changes: string[]) => json('webhooks', 'update', id, ...changes);
      expect(await update('--disable', '--event', 'study.finished')).toMatchObject({ status: 'disabled', events: ['study.finished'] });
      expect(await update('--enable', '--url', 'https://example.com/other')).toMatchObject({
        ...{ id, status: 'enabled', url: 'https://example.com/other', events: ['study.finished'] },
      });
      expect((await run(['webhooks', 'update', id])).code).toBe(3);
      expect((await run(['webhooks', 'update', id, '--enable', '--disable'])).code).toBe(2);
      await update('--url', 'https://example.com/hook');
      expect((await run(['webhooks', 'list'])).stdout).toMatch(new RegExp(`^${id} +https://example.com/hook +enabled +1 `, 'm'));
      expect(await json('webhooks', 'delete', id)).toEqual({ id, deleted: true });
      expect((await run(['prompt-sets', 'list'])).stdout).toMatch(/^mine@1 +2 /m);
    },
    patience,
  );
});
