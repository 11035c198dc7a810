// npm run bench -- pack --to FILE.tar.xz: packs Node, onnxruntime and the engine's benchmarks for another Linux x64 machine, which needs
// no network:
//   tar xJf FILE.tar.xz && styleforge-bench/run gpu --python python3
import { build, type Plugin } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, copyFile, cp, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CallError } from '../options.ts';
import { readCommandLine } from '../command-line.ts';
import { print } from './process.ts';

const NAME = 'styleforge-bench';
const here = fileURLToPath(new URL('.', import.meta.url));
const modules = fileURLToPath(new URL('../../../../node_modules', import.meta.url));
/** Benchmarks that measure only the engine. */
const packed = ['./engine/train.ts', './engine/sample.ts', './engine/parity.ts', './engine/gpu.ts', './first-use/first-run.ts'];
const libraries = ['onnxruntime-node', 'onnxruntime-common', 'koffi', '@koromix'];
const kernels = fileURLToPath(new URL('kernels/', import.meta.resolve('@styleforge/runtime')));
/** Files that the sources read, with all compiled kernels. */
const assets = [
  join(here, 'engine', 'torch-reference.py'),
  ...readdirSync(kernels)
    .filter((name) => /\.(wasm|ptx)$/.test(name))
    .map((name) => join(kernels, name)),
];

/**
 * Excludes the other benchmarks and the library that reads images, which these do not need; its replacement throws an error that says so.
 */
const engineAlone: Plugin = {
  name: 'engine alone',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^\.\// }, ({ path, resolveDir }) =>
      !packed.includes(path) && join(resolveDir, '/') === here ? { external: true } : undefined,
    );
    onResolve({ filter: /^sharp$/ }, () => ({ path: 'sharp', namespace: 'absent' }));
    onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: "export default () => { throw new Error('sharp is not packed'); };" }));
  },
};

/** Fills a folder with the program and all files that it reads; it needs the libraries in the same folder. */
export async function writeProgram(folder: string): Promise<void> {
  await compile(folder);
  for (const asset of assets) await copyFile(asset, join(folder, basename(asset)));
}

async function compile(folder: string): Promise<void> {
  await build({
    entryPoints: [join(here, 'main.ts')],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    keepNames: true,
    external: libraries,
    plugins: [engineAlone],
    logLevel: 'warning',
    // CommonJS libraries import Node's modules by this name; split so that packages/launch does not rewrite it
    banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta['url']);" },
  });
}

/** Excludes the binaries for other systems. */
const isForLinuxX64 = (path: string): boolean => !/napi-v\d+\/(darwin|win32|linux\/arm64)/.test(path);

async function copyLibraries(folder: string): Promise<void> {
  for (const name of libraries)
    await cp(join(modules, name), join(folder, 'node_modules', name), { recursive: true, filter: isForLinuxX64 });
}

const program = {
  usage: 'npm run bench -- pack',
  about: 'Packs Node, onnxruntime and the benchmarks for a Linux machine without network.',
  options: { to: { type: 'string', help: 'file to write, which ends with .tar.xz' } },
} as const;

export async function run(args: string[]): Promise<void> {
  const {
    values: { to },
  } = readCommandLine({ ...program, args });
  if (to === undefined || !to.endsWith('.tar.xz')) throw new CallError('--to: name a file that ends with .tar.xz');
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('this packs the Node that runs it, for Linux on x64: run it there');
  const parent = await mkdtemp(join(tmpdir(), 'styleforge-pack-'));
  const folder = join(parent, NAME);
  try {
    await writeProgram(folder);
    await copyLibraries(folder);
    await copyFile(process.execPath, join(folder, 'node'));
    await writeFile(join(folder, 'run'), '#!/bin/sh\nhere=$(cd "$(dirname "$0")" && pwd)\nexec "$here/node" "$here/main.mjs" "$@"\n');
    for (const program of ['node', 'run']) await chmod(join(folder, program), 0o755);
    // renamed when it is complete, so that an interrupted run leaves no file that looks like a pack
    const unfinished = `${resolve(to)}.part`;
    execFileSync('tar', ['--use-compress-program=xz -T0', '-cf', unfinished, '-C', parent, NAME], { stdio: 'inherit' });
    await rename(unfinished, resolve(to));
    print({ packed: to, mebibytes: Number(((await stat(to)).size / 2 ** 20).toFixed(1)) });
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}
