// Runs the very steps of a Dockerfile in a scratch folder, where there is no container engine:
// `node infra/docker/run-steps.mjs DOCKERFILE SCRATCH [--modules DIR]`. Each stage's file system is a folder of SCRATCH.
// --modules: take DIR's node_modules, installed from the same package-lock.json, in place of running `npm ci`.
// Steps that change the machine itself (apt-get) are named and skipped; USER and base images have no meaning here.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readDockerfile, readDockerignore, stagesOf } from './dockerfile.mjs';

const {
  positionals: [dockerfile, scratch],
  values: { modules },
} = parseArgs({ allowPositionals: true, options: { modules: { type: 'string' } } });
const context = join(dirname(fileURLToPath(import.meta.url)), '../..');
const isIgnored = readDockerignore(join(context, '.dockerignore'));
const say = (text) => process.stderr.write(`${text}\n`);

const stages = stagesOf(readDockerfile(dockerfile));
const last = stages.map(runStage).at(-1);
writeFileSync(join(scratch, 'image.json'), JSON.stringify(last, null, 2));

function runStage({ name, instructions }) {
  const root = resolve(scratch, name);
  const stage = { root, cwd: root, env: {}, entrypoint: [], command: [], healthcheck: [] };
  mkdirSync(root, { recursive: true });
  for (const instruction of instructions) {
    const started = Date.now();
    run(instruction, stage);
    say(`${name}: ${instruction.keyword} ${instruction.text.slice(0, 100)} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  }
  return stage;
}

function run({ keyword, text, args, flags }, stage) {
  switch (keyword) {
    case 'ENV':
      return void Object.assign(stage.env, Object.fromEntries(args.map((pair) => pair.split(/=(.*)/s, 2))));
    case 'WORKDIR':
      stage.cwd = join(stage.root, args[0]);
      return void mkdirSync(stage.cwd, { recursive: true });
    case 'COPY':
      return copy(args, flags, stage);
    case 'RUN':
      return runCommand(text, stage);
    case 'ENTRYPOINT':
      stage.entrypoint = args;
      return undefined;
    case 'CMD':
      stage.command = args;
      return undefined;
    case 'HEALTHCHECK':
      stage.healthcheck = JSON.parse(text.slice(text.indexOf('[')));
      return undefined;
    case 'USER':
    case 'EXPOSE':
      return undefined;
    default:
      throw new Error(`${keyword} is not understood`);
  }
}

function copy(args, { from }, stage) {
  const target = args.at(-1);
  const to = target.startsWith('/') ? join(stage.root, target) : join(stage.cwd, target);
  const sources = args.slice(0, -1);
  for (const source of sources) {
    const path = from ? join(resolve(scratch, from), source) : join(context, source);
    const into = sources.length > 1 || (target.endsWith('/') && !statSync(path).isDirectory()) ? join(to, basename(path)) : to;
    if (from) {
      // Links are as good as copies: no stage changes what another has made.
      mkdirSync(into, { recursive: true });
      execFileSync('cp', ['-al', `${path}/.`, into]);
      continue;
    }
    const filter = (file) => !isIgnored(relative(context, file)) || relative(context, file) === '';
    cpSync(path, into, { recursive: true, verbatimSymlinks: true, filter });
  }
}

function runCommand(text, { cwd, env }) {
  if (text.startsWith('apt-get')) return say(`not run: ${text}`);
  if (modules && text.startsWith('npm ci')) return reuseModules(cwd);
  return void execFileSync('sh', ['-ec', text], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 2, 2] });
}

function reuseModules(cwd) {
  const lock = (folder) => readFileSync(join(folder, 'package-lock.json'), 'utf8');
  if (lock(modules) !== lock(cwd)) throw new Error(`${modules} has another package-lock.json`);
  symlinkSync(resolve(modules, 'node_modules'), join(cwd, 'node_modules'));
  // What npm's postinstall does.
  execFileSync('npm', ['run', '--silent', 'db:generate'], { cwd, stdio: ['ignore', 2, 2] });
}
