// A folder in which onnxruntime's real CUDA provider finds NVIDIA's libraries without a card: compiles simulated libraries, and links the
// provider into their folder. The provider comes from PyPI's wheel onnxruntime-gpu, in the version of onnxruntime-node; python3 reports
// where it is installed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onnxruntimeLibrary } from '../../src/native/library-paths.ts';
import { type Library, loadLibrary } from '../../src/native/load.ts';

const sourceOf = (name: string): string => fileURLToPath(new URL(`${name}.cpp`, import.meta.url));
const RUNTIME = 'libcudart.so.13';
/** Macro that chooses the part of libraries.cpp, by file name. */
const OTHERS = {
  'libcublas.so.13': 'CUBLAS',
  'libcublasLt.so.13': 'CUBLASLT',
  'libcurand.so.10': 'CURAND',
  'libcudnn.so.9': 'CUDNN',
  'libcuda.so.1': 'DRIVER',
} as const;
export type NvidiaLibrary = typeof RUNTIME | keyof typeof OTHERS;

/** The folder of the wheel's libraries. Throws if the wheel is not installed, or has another version. */
function providersFolder(): string {
  const script =
    'import importlib.metadata as m; print(m.version("onnxruntime-gpu"), ' +
    'm.distribution("onnxruntime-gpu").locate_file("onnxruntime/capi"))';
  const [version, folder] = execFileSync('python3', ['-c', script], { stdio: 'pipe' }).toString().trim().split(' ');
  const { version: wanted } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  if (version !== wanted) throw new Error(`onnxruntime-gpu ${version} is installed, and onnxruntime-node is ${wanted}`);
  return folder;
}

function compile(folder: string, name: string, source: string, further: readonly string[]): void {
  const versions = join(folder, `${name}.map`);
  writeFileSync(versions, `${name} { global: *; };\n`);
  const options = [
    '-O1',
    '-w',
    '-std=c++17',
    '-shared',
    '-fPIC',
    `-Wl,-soname,${name}`,
    `-Wl,--version-script=${versions}`,
    '-Wl,-rpath,$ORIGIN',
  ];
  execFileSync('g++', [...options, '-o', join(folder, name), sourceOf(source), ...further], { stdio: 'pipe' });
}

function build(): { readonly folder: string } | { readonly missing: string } {
  try {
    const providers = providersFolder();
    const folder = mkdtempSync(join(tmpdir(), 'styleforge-fake-gpu-'));
    compile(folder, RUNTIME, 'runtime', []);
    for (const [name, what] of Object.entries(OTHERS)) compile(folder, name, 'libraries', [`-D${what}`, `-L${folder}`, `-l:${RUNTIME}`]);
    for (const name of readdirSync(providers).filter((file) => /providers_(cuda|shared)\.so$/.test(file)))
      symlinkSync(join(providers, name), join(folder, name));
    const library = onnxruntimeLibrary();
    symlinkSync(library, join(folder, basename(library)));
    return { folder };
  } catch (error) {
    return { missing: `onnxruntime-gpu (PyPI) or a C++ compiler is missing: ${(error as Error).message.split('\n')[0]}` };
  }
}

const built = build();
/** The reason why the GPU cannot be simulated. */
export const missingGpu = 'missing' in built ? built.missing : undefined;

/** The folder with all libraries, or without those in `lacking`. */
export function gpuFolder(lacking: readonly string[] = []): string {
  if (!('folder' in built)) throw new Error(built.missing);
  if (lacking.length === 0) return built.folder;
  const folder = mkdtempSync(join(tmpdir(), 'styleforge-fake-gpu-'));
  for (const name of readdirSync(built.folder)) if (!lacking.includes(name)) symlinkSync(join(built.folder, name), join(folder, name));
  return folder;
}

export class FakeGpu {
  readonly #runtime: Library = loadLibrary(join(gpuFolder(), RUNTIME));

  /** Sets the counts to zero. With `bytes`, the card has this number of bytes free. */
  reset(bytes = 0): void {
    (this.#runtime.func('fakegpu_reset', 'void', ['int64_t']) as (bytes: number) => void)(bytes);
  }

  get counts(): Readonly<Record<string, number>> {
    const text = Buffer.alloc(1 << 20);
    const length = (this.#runtime.func('fakegpu_report', 'int', ['void *', 'int']) as (into: Buffer, room: number) => number)(
      text,
      text.length,
    );
    const lines = text.toString('utf8', 0, length).trim().split('\n');
    return Object.fromEntries(lines.map((line) => [line.slice(line.indexOf(' ') + 1), Number.parseInt(line, 10)]));
  }
}
