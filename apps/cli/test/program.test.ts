// The command line without a service: help, completion, wrong use, what it says when nobody is there.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createProgram } from '@styleforge/cli';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { imageProtocol, inlineImage } from '../src/terminal/inline-image.ts';
import { runCommandLine } from '../src/run.ts';
import { formatBytes, formatDuration } from '../src/terminal/output.ts';
import { styleforge } from './command-line.ts';
import type { CommandLine } from './command-line.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

let line: CommandLine;
beforeAll(async () => {
  line = {
    directory: await mkdtemp(join(tmpdir(), 'styleforge-cli-')),
    environment: { STYLEFORGE_BASE_URL: 'http://127.0.0.1:1', STYLEFORGE_API_KEY: 'sf_x' },
  };
});
afterAll(() => rm(line.directory, { recursive: true, force: true }));

const run = (...args: string[]) => styleforge(line, args);

function verbsOf(command: Command): Command[] {
  const verbs = command.commands.filter((child) => !['help', 'complete'].includes(child.name()));
  return verbs.length === 0 ? [command] : verbs.flatMap(verbsOf);
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

describe('help', () => {
  const verbs = verbsOf(createProgram());

  it('lists every documented verb', () => {
    const names = verbs.map((verb) => [verb.parent?.name(), verb.name()].filter((name) => name !== 'styleforge').join(' '));
    expect(names).toEqual(
      expect.arrayContaining([
        'login',
        'doctor',
        'models list',
        'train',
        'generate',
        'report',
        'evaluate',
        'datasets create',
        'datasets upload',
        'datasets list',
        'jobs list',
        'jobs show',
        'jobs cancel',
        'jobs pause',
        'jobs resume',
        'jobs logs',
        'studies create',
        'prompt-sets create',
        'keys create',
        'keys revoke',
        'webhooks create',
        'webhooks list',
        'evaluations list',
        'models show',
        'models download',
        'models create',
        'models add-version',
        'models alias',
        'models delete',
        'workers list',
        'workers drain',
        'workers undrain',
        'system',
        'queue',
        'usage',
        'completion',
      ]),
    );
  });

  it.each(verbs.map((verb) => [`${verb.parent?.name()} ${verb.name()}`, verb] as const))('shows an example: %s', (name, verb) => {
    const [, examples = ''] = /Examples?:\n((?: {2}.*\n?)+)/.exec(helpOf(verb)) ?? [];
    expect(examples).toContain(name.replace(/^styleforge /, ''));
  });
});

describe('completion', () => {
  it('gives each shell its script, and completes the next word', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await run('completion', shell);
      expect([code, stdout.includes('styleforge complete --')]).toEqual([0, true]);
    }
    expect((await run('complete', '--', 'jobs', 'lo')).stdout).toMatch(/^logs\t/);
    expect((await run('complete', '--', 'train', '--method', '')).stdout).toMatch(/multi-styleforge/);
  });
});

describe('wrong use', () => {
  it.each([
    ['an unknown verb', ['trian'], 'Did you mean train?'],
    ['a missing argument', ['jobs', 'show'], "missing required argument 'job'"],
    ['a value outside its choices', ['train', '--method', 'x'], 'Allowed choices are single-styleforge'],
    ['an address that is none', ['jobs', 'list', '--base-url', 'localhost:3000'], 'localhost:3000 is not the URL of a service'],
    ['a number that is none', ['train', '--base-model', 'm', '--style-ref', '.', '--steps', 'many'], '--steps many: must be a number'],
    ['a report of what has none', ['report', 'gen_1'], 'gen_1: must be the id of a training job (job_...) or of an evaluation (eval_...)'],
    ['prompts twice', ['evaluate', 'm', '--prompt', 'a', '--prompt-set', 'mini'], '--prompt and --prompt-set: use only one of them'],
    [
      'a dataset that is neither id nor folder',
      ['train', '--base-model', 'm', '--style-ref', 'nowhere'],
      'nowhere is neither the id of a dataset',
    ],
    [
      'a part without a dataset',
      ['train', '--base-model', 'm', '--style-ref', '.', '--set', 'aux.weight=2'],
      'aux names no dataset: set its dataset_id, or pass --aux',
    ],
    [
      'metadata without a value',
      ['train', '--base-model', 'm', '--style-ref', '.', '--metadata', 'team'],
      '--metadata team: must be a key, = and a value',
    ],
    [
      'a setting that is no YAML',
      ['train', '--base-model', 'm', '--style-ref', '.', '--set', 'suffix=[1'],
      '--set suffix=[1: the value is neither YAML nor JSON',
    ],
    ['a file that is not there', ['train', '-f', 'none.yaml'], 'none.yaml cannot be read'],
    ['a file that is no YAML', ['train', '-f', 'HERE/broken.yaml'], 'broken.yaml is neither YAML nor JSON'],
  ])('ends with exit code 2 and a message: %s', async (_, args, message) => {
    await writeFile(join(line.directory, 'broken.yaml'), 'a: [1\nb: }');
    for (const [name, value] of Object.entries({ XDG_CONFIG_HOME: line.directory, ...line.environment })) vi.stubEnv(name, value);
    const [stdout, stderr] = [
      vi.spyOn(process.stdout, 'write').mockReturnValue(true),
      vi.spyOn(process.stderr, 'write').mockReturnValue(true),
    ];
    const code = await runCommandLine(args.map((arg) => arg.replace(/^HERE/, line.directory))).finally(() => vi.unstubAllEnvs());
    const [out, err] = [stdout, stderr].map(({ mock }) => mock.calls.map(([text]) => String(text)).join(''));
    vi.restoreAllMocks();
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  it('says that a key is missing', async () => {
    const { code, stderr } = await styleforge({ ...line, environment: {} }, ['jobs', 'list']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('styleforge login')]);
  });
});

describe('without a service', () => {
  it('ends with exit code 6, and names the address that it tried', async () => {
    const { code, stdout, stderr } = await run('jobs', 'list', '--json');
    expect([code, stdout]).toEqual([6, '']);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { name: 'APIConnectionError', message: expect.stringContaining('http://127.0.0.1:1') as string },
    });
  });

  it('has a doctor that says what to start', async () => {
    const { code, stdout } = await run('doctor');
    expect(code).toBe(7);
    expect(stdout).toMatch(/^ok {4}node/m);
    expect(stdout).toMatch(/^FAIL {2}service .*\n.*npm start/m);
  });

  it('has a doctor that says what this machine computes on, and what other devices need', async () => {
    const { stdout } = await styleforge({ ...line, environment: { ...line.environment, DEVICE: 'cuda' } }, ['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; remedy?: string }[] };
    const checkOf = (name: string) => checks.find((check) => check.name === name);
    expect(checkOf('cpu here')).toMatchObject({ status: 'ok' });
    expect(['ok', 'skipped']).toContain(checkOf('webgpu here')?.status);
    if (checkOf('cuda here')?.status !== 'ok')
      expect(checkOf('cuda here')).toMatchObject({
        status: 'failed',
        remedy: expect.stringMatching(/NVIDIA card and driver.*DEVICE=cpu/) as string,
      });
    // Each part that a device needs, found or missing with its remedy; missing ones fail where DEVICE names the device.
    for (const part of ['nvidia driver', 'nvidia cards', 'cuda provider', 'cuda libraries'])
      expect(['ok', 'failed'], part).toContain(checkOf(part)?.status);
    if (checkOf('cuda provider')?.status === 'failed') expect(checkOf('cuda provider')?.remedy).toContain('npm rebuild onnxruntime-node');
    if (process.platform === 'linux') expect(['ok', 'skipped']).toContain(checkOf('vulkan loader')?.status);
  });

  it('has a doctor that works without a worker on the same machine', async () => {
    const installed = join(line.directory, 'installed');
    await promisify(execFile)(process.execPath, ['infra/docker/assemble.mjs', '@styleforge/cli', installed], { cwd: repository });
    const { stdout } = await styleforge({ ...line, entry: join(installed, 'apps/cli/bin/styleforge.mjs') }, ['doctor', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      checks: expect.arrayContaining([{ name: 'this machine', status: 'skipped', detail: 'no worker is installed here' }]) as object,
    });
  });
});

describe('images in the terminal', () => {
  const terminal = { term: 'xterm-256color', program: '', isKitty: false };

  it('use the protocol of the terminal, and are never written into a pipe', () => {
    expect(imageProtocol({ terminal: { ...terminal, isKitty: true } }, true)).toBe('kitty');
    expect(imageProtocol({ terminal: { ...terminal, term: 'xterm-ghostty' } }, true)).toBe('kitty');
    expect(imageProtocol({ terminal: { ...terminal, program: 'iTerm.app' } }, true)).toBe('iterm2');
    expect(imageProtocol({ terminal }, true)).toBeUndefined();
    expect(imageProtocol({ terminal: { ...terminal, isKitty: true } }, false)).toBeUndefined();
  });

  it('contain the whole file, in pieces if the protocol requires them', () => {
    const png = Buffer.alloc(5000, 7);
    const escape = '\u001b';
    const pieces = inlineImage('kitty', png)
      .trimEnd()
      .split(`${escape}\\`)
      .filter(Boolean)
      .map((piece) => piece.replace(`${escape}_G`, '').split(';'));
    expect(pieces.map(([keys]) => keys)).toEqual(['a=T,f=100,m=1', 'm=0']);
    expect(Buffer.from(pieces.map(([, data]) => data).join(''), 'base64')).toEqual(png);
    const start = `${escape}]1337;File=inline=1;size=5000;preserveAspectRatio=1:`;
    const text = inlineImage('iterm2', png);
    expect([text.slice(0, start.length), text.slice(-2)]).toEqual([start, '\u0007\n']);
    expect(Buffer.from(text.slice(start.length, -2), 'base64')).toEqual(png);
  });
});

it('sizes and times are written for people', () => {
  expect([0, 999, 1_500, 2_000_000].map(formatBytes)).toEqual(['0 B', '999 B', '1.5 KB', '2.0 MB']);
  expect([5, 65, 3_725].map(formatDuration)).toEqual(['0:05', '1:05', '1:02:05']);
});
