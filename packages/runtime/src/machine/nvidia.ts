// Requirements of DEVICE=cuda: NVIDIA's driver, a card that the provider supports, the provider, and CUDA's libraries.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CUDA_PROVIDER, cudaVersionOf, locateNamed, neededLibraries, providerLibraries, wheelFolders } from '../native/cuda-libraries.ts';
import { binariesFolder } from '../native/library-paths.ts';
import { type Library, type NativeFunction } from '../native/load.ts';
import { type MachinePart } from './machine-part.ts';

export interface NvidiaPlaces {
  /** The folder of onnxruntime's library and its providers. */
  readonly folder?: string;
  /** The file that contains the version of the driver's kernel module. */
  readonly versionFile?: string;
}

const DRIVER = 'libcuda.so.1';
const VERSION_FILE = '/proc/driver/nvidia/version';
/** The oldest driver by major version of CUDA (docs/gpu.md). */
const OLDEST_DRIVER: Readonly<Record<number, number>> = { 12: 525, 13: 580 };
/** The CUDA version to check for if the machine has no provider. */
const NEWEST = 13;
/**
 * Compute capabilities that the provider has machine code for. Code for 8.0 also runs on 8.6 and 8.9, as for every number before the dot.
 */
const COMPUTE = ['7.5', '8.0', '8.6', '8.9', '9.0', '12.0'];
/** CUdevice_attribute (cuda.h). */
const ATTRIBUTE = { major: 75, minor: 76 };
const MEBIBYTE = 2 ** 20;

/** The requirements of DEVICE=cuda, each found or missing. Never throws, even if the machine has none of them. */
export function nvidiaParts({ folder = binariesFolder(), versionFile = VERSION_FILE }: NvidiaPlaces = {}): MachinePart[] {
  const folders = [folder, ...wheelFolders(folder)];
  const provider = join(folder, CUDA_PROVIDER);
  const needed = existsSync(provider) ? neededLibraries(provider) : undefined;
  const version = needed && cudaVersionOf(needed);
  const driver = locateNamed(DRIVER, folders, version ?? NEWEST);
  return [
    driverPart(driver, moduleVersion(versionFile), version),
    cardsPart(driver),
    providerPart(folder, version),
    librariesPart(needed, folders),
  ];
}

type Located = ReturnType<typeof locateNamed>;

/** The version of the kernel module, such as 580.65.06. */
function moduleVersion(file: string): string | undefined {
  return existsSync(file) ? /\b\d{3,}\.\d+(\.\d+)?\b/.exec(readFileSync(file, 'utf8'))?.[0] : undefined;
}

function driverPart(driver: Located, module: string | undefined, needed: number | undefined): MachinePart {
  const name = 'nvidia driver';
  const oldest = OLDEST_DRIVER[needed ?? 12];
  const install = `Install NVIDIA's driver, ${oldest} or newer.`;
  if (driver.library === undefined) {
    if (module === undefined) return { name, isFound: false, detail: `neither the kernel module nor ${DRIVER} was found`, remedy: install };
    const remedy =
      'In a container: start it with `--gpus all` and NVIDIA_DRIVER_CAPABILITIES=compute,utility. Otherwise install the driver again.';
    return { name, isFound: false, detail: `kernel module ${module}, but ${driver.reason}`, remedy };
  }
  const cuda = numberFrom(driver.library, 'cuDriverGetVersion');
  const major = Math.floor(cuda / 1_000);
  const detail = `${module ?? 'version unknown'}, for CUDA up to ${major}.${Math.floor((cuda % 1_000) / 10)} (${driver.path})`;
  if (needed !== undefined && major < needed)
    return { name, isFound: false, detail: `${detail}; the installed provider is for CUDA ${needed}`, remedy: install };
  return { name, isFound: true, detail, remedy: install };
}

function cardsPart({ library }: Located): MachinePart {
  const name = 'nvidia cards';
  const remedy = 'Check `nvidia-smi`, CUDA_VISIBLE_DEVICES and, in a container, `--gpus all`.';
  if (library === undefined) return { name, isFound: false, detail: 'unknown without the driver', remedy };
  const status = call(library, 'cuInit', ['uint'])(0);
  const count = status === 0 ? numberFrom(library, 'cuDeviceGetCount') : 0;
  if (count === 0) return { name, isFound: false, detail: status === 0 ? 'none' : `none (cuInit gives error ${Number(status)})`, remedy };
  const cards = Array.from({ length: count }, (_, index) => cardOf(library, index));
  const detail = cards.map(({ title, memory, compute }) => `${title}, ${memory} MiB, compute capability ${compute}`).join('; ');
  const isUsable = cards.some(({ compute }) => COMPUTE.some((code) => runsOn(code, compute)));
  if (isUsable) return { name, isFound: true, detail, remedy };
  return {
    name,
    isFound: false,
    detail,
    remedy: `The provider has code for compute capability ${COMPUTE.join(', ')} only. Use DEVICE=webgpu.`,
  };
}

function runsOn(code: string, card: string): boolean {
  const [[codeMajor, codeMinor = 0], [major, minor = 0]] = [code, card].map((text) => text.split('.').map(Number));
  return codeMajor === major && codeMinor <= minor;
}

function cardOf(library: Library, index: number): { title: string; memory: number; compute: string } {
  const text = Buffer.alloc(256);
  call(library, 'cuDeviceGetName', ['void *', 'int', 'int'])(text, text.length, index);
  const memory = new BigUint64Array(1);
  call(library, 'cuDeviceTotalMem_v2', ['void *', 'int'])(memory, index);
  const attribute = (which: number): number => {
    const slot = new Int32Array(1);
    call(library, 'cuDeviceGetAttribute', ['void *', 'int', 'int'])(slot, which, index);
    return slot[0];
  };
  const [title] = text.toString().split('\0');
  return { title, memory: Number(memory[0]) / MEBIBYTE, compute: `${attribute(ATTRIBUTE.major)}.${attribute(ATTRIBUTE.minor)}` };
}

const call = (library: Library, name: string, args: string[]): NativeFunction => library.func(name, 'int', args) as NativeFunction;

function numberFrom(library: Library, name: string): number {
  const slot = new Int32Array(1);
  call(library, name, ['void *'])(slot);
  return slot[0];
}

function providerPart(folder: string, version: number | undefined): MachinePart {
  const name = 'cuda provider';
  const remedy =
    'Run `ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node`, or copy it from the wheel onnxruntime-gpu (docs/gpu.md).';
  if (version === undefined) return { name, isFound: false, detail: `${CUDA_PROVIDER} is missing in ${folder}`, remedy };
  return { name, isFound: true, detail: `built for CUDA ${version} (${folder})`, remedy };
}

/** Checks all libraries, because an operator who installs one needs to know the others, too. */
function librariesPart(needed: readonly string[] | undefined, folders: readonly string[]): MachinePart {
  const name = 'cuda libraries';
  if (needed === undefined) return { name, isFound: false, detail: 'unknown without the provider, which names their version', remedy: '' };
  const found = providerLibraries(needed)
    .filter((library) => library !== DRIVER)
    .map((library) => ({ library, ...locateNamed(library, folders, cudaVersionOf(needed)) }));
  const missing = found.filter(({ path }) => path === undefined);
  const there = found.filter(({ path }) => path !== undefined).map(({ path }) => path);
  const version = cudaVersionOf(needed);
  const remedy =
    `Install CUDA ${version} and cuDNN 9 from NVIDIA's packages or PyPI's wheels (docs/gpu.md), and name their ` +
    'folder in LD_LIBRARY_PATH.';
  const detail = [
    ...(missing.length > 0 ? [`missing: ${missing.map(({ library }) => library).join(', ')}`] : []),
    ...(there.length > 0 ? [`found: ${there.join(', ')}`] : []),
  ].join('; ');
  return { name, isFound: missing.length === 0, detail, remedy };
}
