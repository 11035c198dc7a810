// Every check of the project: those that need no service at the same time, then the tests. The last line counts the tests.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Returns the exit code. `args` go to vitest: file names, -t and the like. */
export async function runChecks(root, args) {
  const module = (script, ...rest) => [process.execPath, [join(root, 'node_modules', script), ...rest]];
  const checks = [
    ['format', ...module('@biomejs/biome/bin/biome', 'format', '--max-diagnostics=20')],
    ['style', ...module('eslint/bin/eslint.js', '.', '--cache', '--max-warnings=0')],
    ['types', ...module('typescript/bin/tsc', '-b')],
    [
      'imports',
      ...module(
        'dependency-cruiser/bin/dependency-cruise.mjs',
        'packages',
        'apps',
        'test',
        '--config',
        '.dependency-cruiser.cjs',
        '--output-type',
        'err',
      ),
    ],
    ['migrations', 'npm', ['run', '--silent', 'db:check']],
  ];
  if (args.length === 0 && !(await passesAll(root, checks))) return 1;
  return runTests((script, ...rest) => run(root, ...module(script, ...rest)), args);
}

/** Two at a time, the longest first; each tells what it has to say when it has ended. */
async function passesAll(root, checks) {
  const waiting = [...checks];
  const failed = [];
  const work = async () => {
    for (let next = waiting.shift(); next && failed.length === 0; next = waiting.shift()) {
      const [name, command, args] = next;
      const { code, output } = await runQuietly(root, command, args);
      process.stdout.write(`== ${name}\n${output}`);
      if (code !== 0) failed.push(name);
    }
  };
  await Promise.all([work(), work()]);
  if (failed.length > 0) process.stdout.write(`The check of ${failed.join(' and ')} failed.\n0 passed, ${failed.length} failed\n`);
  return failed.length === 0;
}

/** Debian's chromium-common has a Vulkan driver that computes on the processor. */
const SOFTWARE_VULKAN = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Lets webgpu be tested on a machine without a GPU. */
function chooseVulkan(directory) {
  if (process.env.VK_DRIVER_FILES || !existsSync(SOFTWARE_VULKAN)) return;
  process.env.VK_DRIVER_FILES = SOFTWARE_VULKAN;
  process.env.XDG_RUNTIME_DIR ||= directory;
}

async function runTests(node, args) {
  process.stdout.write('== tests\n');
  const directory = mkdtempSync(join(tmpdir(), 'styleforge-test-'));
  const report = join(directory, 'report.json');
  chooseVulkan(directory);
  try {
    const code = await node('vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args);
    const { numPassedTests, numFailedTests, numFailedTestSuites, success } = JSON.parse(readFileSync(report, 'utf8'));
    // A file that breaks before its first test fails no test, only its suite.
    const failed = success ? 0 : Math.max(numFailedTests, numFailedTestSuites, 1);
    process.stdout.write(`${numPassedTests} passed, ${failed} failed\n`);
    return code === 0 && failed === 0 ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(cwd, command, args) {
  return ended(spawn(command, args, { cwd, stdio: 'inherit' }));
}

async function runQuietly(cwd, command, args) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return { code: await ended(child), output };
}

/** Resolves with the exit code when the process has ended and its output is complete. */
function ended(child) {
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => done(signal ? 1 : code));
  });
}
