// Gets a fresh clone ready (dependencies, generated code) and then runs what was asked for; needs nothing but Node and npm.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const at = (...parts) => join(root, ...parts);
/** npm's own record of what it put into node_modules; written when an installation is complete. */
const installed = at('node_modules', '.package-lock.json');
/** Programs that start the API. */
const WITH_DASHBOARD = ['apps/lab/src/start/main.ts', 'apps/lab/src/demo/main.ts'];
const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

checkNodeVersion();
installDependencies();
generateCode();
const [first, ...rest] = process.argv.slice(2);
if (['--test', ...WITH_DASHBOARD].includes(first)) await buildDashboard();
if (first === '--test') {
  const { runChecks } = await import('./checks.mjs');
  process.exitCode = await runChecks(root, rest);
} else if (first === undefined) {
  fail('usage: node infra/bootstrap.mjs ENTRY.ts [arguments] | --test');
} else {
  handOver(first, rest);
}

function checkNodeVersion() {
  const wanted = JSON.parse(readFileSync(at('package.json'), 'utf8')).engines.node;
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [leastMajor, leastMinor] = wanted.match(/\d+/g).map(Number);
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    fail(`Node ${process.versions.node} is too old: this project needs ${wanted}. Install a newer one from https://nodejs.org`);
  }
}

function installDependencies() {
  if (isInstalled()) return;
  process.stderr.write('Installing dependencies (only once; this takes a few minutes) ...\n');
  // onnxruntime-node's install script downloads CUDA libraries; this variable keeps npm 10 from it, package.json's allowScripts npm 11.
  run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], { ONNXRUNTIME_NODE_INSTALL: 'skip' });
}

/** Whether node_modules holds every version that package-lock.json names; packages for other systems are optional. */
function isInstalled() {
  if (!existsSync(installed)) return false;
  const present = packagesOf(installed);
  return Object.entries(packagesOf(at('package-lock.json'))).every(([path, { version, optional, devOptional, link }]) => {
    if (!path.startsWith('node_modules/') || ((optional || devOptional) && !present[path])) return true;
    return present[path] !== undefined && (link || present[path].version === version);
  });
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

function generateCode() {
  const newest = Math.max(modified(at('prisma', 'schema.prisma')), modified(installed));
  const made = at('packages', 'database', 'src', 'generated', 'client.ts');
  if (modified(made) < newest) run('npm', ['run', '--silent', 'db:generate']);
}

/** The API serves it at /app, and tests look at it. */
async function buildDashboard() {
  const { currentDigest } = await import('../packages/launch/src/bundle-folder.mjs');
  if (currentDigest(at('apps', 'dashboard', 'dist', 'page'))) return;
  run(process.execPath, [at('packages', 'launch', 'src', 'run.mjs'), at('apps', 'dashboard', 'tools', 'build.ts')]);
}

function run(command, args, environment = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    // Standard output belongs to the program that is started afterwards.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...environment },
    shell: process.platform === 'win32',
  });
  if (error || status !== 0) fail(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ` with exit code ${status}`}`);
}

function handOver(entry, args) {
  const child = spawn(process.execPath, [at('packages', 'launch', 'src', 'run.mjs'), entry, ...args], { cwd: root, stdio: 'inherit' });
  // A terminal sends SIGINT to the whole group; the program decides when it ends, and this process ends with it.
  let interrupted = false;
  process.on('SIGINT', () => {
    interrupted = true;
  });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  whenOrphaned(() => interrupted || child.kill('SIGTERM'));
  child.on('error', (error) => fail(`${entry} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** npm runs a script through a shell and hands a SIGTERM to that shell alone, which ends without passing it on. */
function whenOrphaned(then) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    then();
  }, 250);
  watch.unref();
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
