// Every check of the project, cheapest first; the first that fails ends the run. The last line counts the tests.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Returns the exit code. `args` go to vitest: file names, -t and the like. */
export async function runChecks(root, args) {
  const node = (script, ...rest) => run(root, process.execPath, [join(root, 'node_modules', script), ...rest]);
  const checks = [
    ['types', () => node('typescript/bin/tsc', '-b')],
    ['style', () => node('eslint/bin/eslint.js', '.', '--cache', '--max-warnings=0')],
    ['imports', () => node('dependency-cruiser/bin/dependency-cruise.mjs', 'packages', 'apps', 'test', '--config', '.dependency-cruiser.cjs', '--output-type', 'err')],
    ['migrations', () => run(root, 'npm', ['run', '--silent', 'db:check'])],
  ];
  for (const [name, check] of args.length > 0 ? [] : checks) {
    process.stdout.write(`== ${name}\n`);
    if ((await check()) !== 0) {
      process.stdout.write(`The check of ${name} failed.\n0 passed, 1 failed\n`);
      return 1;
    }
  }
  return runTests(node, args);
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
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, stdio: 'inherit' });
    child.on('error', fail);
    child.on('exit', (code, signal) => done(signal ? 1 : code));
  });
}
