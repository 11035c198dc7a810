// NVIDIA's libraries: finds those that onnxruntime's CUDA provider needs, and loads them before the provider asks for them.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { noDriver, noLibrary, noProvider, noRuntimeNamed } from './cuda-texts.ts';
import { binariesFolder, LibraryError } from './library-paths.ts';
import { type Library, loadLibrary } from './load.ts';

export const CUDA_PROVIDER = 'libonnxruntime_providers_cuda.so';
const SHARED_PROVIDER = 'libonnxruntime_providers_shared.so';
/** cuDNN, which the provider opens by name at its first convolution. */
const CUDNN = 'libcudnn.so.9';
const DRIVER = 'libcuda.so.1';

const PROGRAM_HEADER = { load: 1, dynamic: 2 };
const DYNAMIC = { end: 0n, needed: 1n, strings: 5n };

function readAt(file: number, offset: bigint | number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  readSync(file, buffer, 0, bytes, offset);
  return buffer;
}

interface Segment {
  readonly kind: number;
  readonly offset: bigint;
  readonly address: bigint;
  readonly size: bigint;
}

function segmentsOf(file: number): Segment[] {
  const header = readAt(file, 0, 64);
  const [start, size, count] = [header.readBigUInt64LE(32), header.readUInt16LE(54), header.readUInt16LE(56)];
  const table = readAt(file, start, size * count);
  return Array.from({ length: count }, (_, i) => ({
    kind: table.readUInt32LE(i * size),
    offset: table.readBigUInt64LE(i * size + 8),
    address: table.readBigUInt64LE(i * size + 16),
    size: table.readBigUInt64LE(i * size + 32),
  }));
}

/**
 * Names of the libraries that a 64-bit ELF library is linked with (its NEEDED entries). They show for which version of CUDA it was built.
 */
export function neededLibraries(path: string): string[] {
  const file = openSync(path, 'r');
  try {
    const segments = segmentsOf(file);
    const dynamic = segments.find(({ kind }) => kind === PROGRAM_HEADER.dynamic);
    if (!dynamic) throw new LibraryError(`${path} is not a shared library`);
    const entries = readAt(file, dynamic.offset, Number(dynamic.size));
    const pairs = Array.from({ length: entries.length / 16 }, (_, i) => [
      entries.readBigUInt64LE(i * 16),
      entries.readBigUInt64LE(i * 16 + 8),
    ]);
    const strings = pairs.find(([tag]) => tag === DYNAMIC.strings)![1];
    const home = segments.find(
      ({ kind, address, size }) => kind === PROGRAM_HEADER.load && strings >= address && strings < address + size,
    )!;
    const offset = strings - home.address + home.offset;
    const nameAt = (at: bigint): string =>
      readAt(file, offset + at, 128)
        .toString('latin1')
        .split('\0')[0];
    return pairs.filter(([tag]) => tag === DYNAMIC.needed).map(([, at]) => nameAt(at));
  } finally {
    closeSync(file);
  }
}

/** Folders below `nvidia` into which NVIDIA's wheels on PyPI install libraries. */
export function wheelFolders(folder: string): string[] {
  const nvidia = join(folder, 'nvidia');
  return existsSync(nvidia) ? readdirSync(nvidia).map((name) => join(nvidia, name, 'lib')) : [];
}

/** Loads a library from one of the folders, or from where the system's loader looks. */
function loadNamed(name: string, folders: readonly string[], version: number): Library {
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  try {
    return loadLibrary(found ?? name);
  } catch (cause) {
    const what = name === DRIVER ? noDriver(name) : noLibrary(name, version, folders[0]);
    throw new LibraryError(`${what}. The loader says: ${(cause as Error).message}`, { cause });
  }
}

/** The library and its file, or the reason why it cannot be loaded. For reports. */
export function locateNamed(
  name: string,
  folders: readonly string[],
  version: number,
): { library: Library; path: string } | { library?: undefined; path?: undefined; reason: string } {
  try {
    const library = loadNamed(name, folders, version);
    return { library, path: mappedFile(name) ?? name };
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error;
    return { reason: error.message };
  }
}

/** The file of a loaded library, if the system provides it (Linux). */
function mappedFile(name: string): string | undefined {
  if (!existsSync('/proc/self/maps')) return undefined;
  const files = readFileSync('/proc/self/maps', 'utf8').matchAll(/\s(\/.*)$/gm);
  // A link such as libcuda.so.1 is mapped under the name of its target, libcuda.so.580.65.06
  const stem = name.replace(/\.so.*/, '.so');
  return [...files].map(([, file]) => file).find((file) => basename(file).startsWith(stem));
}

export interface CudaLibraries {
  readonly runtime: Library;
  readonly driver: Library;
  /** The major version of CUDA that the provider was built for. */
  readonly version: number;
}

/** Major version of CUDA, from the name of the runtime library that the provider needs. */
export function cudaVersionOf(needed: readonly string[]): number {
  const runtime = needed.map((name) => /^libcudart\.so\.(\d+)/.exec(name)).find((match) => match !== null);
  if (!runtime) throw new LibraryError(noRuntimeNamed);
  return Number(runtime[1]);
}

/** Names of NVIDIA's libraries that the provider is linked with, and of cuDNN. */
export const providerLibraries = (needed: readonly string[]): string[] => [
  ...needed.filter((name) => /^lib(cuda|cudart|cublas|cublasLt|curand|cufft)\.so/.test(name)),
  CUDNN,
];

/**
 * Loads the libraries that the provider in `folder` needs, so that it finds them by name. Throws a LibraryError that names the first
 * missing one.
 */
export function loadCudaLibraries(folder = binariesFolder()): CudaLibraries {
  for (const name of [CUDA_PROVIDER, SHARED_PROVIDER]) {
    if (!existsSync(join(folder, name))) throw new LibraryError(noProvider(folder, name));
  }
  const needed = neededLibraries(join(folder, CUDA_PROVIDER));
  const version = cudaVersionOf(needed);
  const folders = [folder, ...wheelFolders(folder)];
  // The driver first: if it is missing, no other library matters
  const driver = loadNamed(DRIVER, folders, version);
  const runtime = loadNamed(`libcudart.so.${version}`, folders, version);
  for (const name of providerLibraries(needed)) loadNamed(name, folders, version);
  return { runtime, driver, version };
}
