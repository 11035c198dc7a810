// Messages about what is missing on a machine with an NVIDIA card, and what to do about it.

const HELP = 'docs/gpu.md says more';

/** Packages by the beginning of a library's name: the PyPI package for CUDA 13, and the one for CUDA 12. */
const PACKAGES: Readonly<Record<string, readonly [string, string]>> = {
  'libcudart.': ['nvidia-cuda-runtime', 'nvidia-cuda-runtime-cu12'],
  libcublas: ['nvidia-cublas', 'nvidia-cublas-cu12'],
  'libcurand.': ['nvidia-curand', 'nvidia-curand-cu12'],
  'libcufft.': ['nvidia-cufft', 'nvidia-cufft-cu12'],
  'libcudnn.': ['nvidia-cudnn-cu13', 'nvidia-cudnn-cu12'],
};

/** The oldest driver by major version of CUDA. */
const DRIVERS: Readonly<Record<number, number>> = { 12: 525, 13: 580 };
const driverFor = (cuda: number): string => `driver ${DRIVERS[cuda] ?? `for CUDA ${cuda}`} or newer`;

export const noProvider = (folder: string, name: string): string =>
  `onnxruntime's CUDA provider is not installed: ${folder} has no ${name}; install it with ` +
  `ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node, or from the wheel onnxruntime-gpu of the same version; ${HELP}`;

export const noDriver = (name: string): string =>
  `NVIDIA's driver is missing (${name}): install it, or start the container with --gpus all; ${HELP}`;

/** The message for a missing library. `cuda`: the version that the provider was built for. */
export function noLibrary(name: string, cuda: number, folder: string): string {
  const found = Object.entries(PACKAGES).find(([start]) => name.startsWith(start));
  const named = found ? ` (PyPI: pip install --target ${folder} --no-deps ${found[1][cuda === 12 ? 1 : 0]})` : '';
  return `${name} of NVIDIA's CUDA libraries is missing: install the libraries for CUDA ${cuda}${named}; ${HELP}`;
}

export const noRuntimeNamed = `the CUDA provider names no CUDA runtime library: install the provider again; ${HELP}`;

/** Versions as CUDA writes them: 12040 for 12.4. */
const versionText = (version: number): string => `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;

/** The message for a failed count of the cards; undefined if the runtime's own message is clear. */
export function countFailure(code: number, versions: { readonly driver: number; readonly runtime: number }): string | undefined {
  const cuda = Math.floor(versions.runtime / 1000);
  switch (code) {
    case 35:
      return (
        `NVIDIA's driver runs CUDA ${versionText(versions.driver)}, and the installed provider needs CUDA ${cuda}: ` +
        `install ${driverFor(cuda)}` +
        `${cuda > 12 ? ', or the provider for CUDA 12' : ''}; ${HELP}`
      );
    case 100:
      return `NVIDIA's driver sees no card: start the container with --gpus all, and look whether CUDA_VISIBLE_DEVICES hides it; ${HELP}`;
    case 802:
      return `NVIDIA's driver is not ready: wait for its fabric manager to start, or start nvidia-fabricmanager; ${HELP}`;
    case 803:
      return `the library of NVIDIA's driver is of another version than the driver in the kernel: restart the machine; ${HELP}`;
    default:
      return undefined;
  }
}

export const noCard = (index: number, count: number): string =>
  `there is no card ${index}: this machine has ` +
  `${count}${count === 1 ? ' (cuda:0)' : ` (cuda:0 to cuda:${count - 1})`}; choose another number in DEVICE`;

/**
 * Ranges of compute capabilities that onnxruntime's provider has machine code for. It has no PTX that a driver could compile for others.
 */
const CAPABILITIES: readonly (readonly [from: number, to: number])[] = [
  [75, 99],
  [120, 129],
];

/** The reason why the provider cannot run on a card; undefined if it can. */
export function unsupported(name: string, capability: number): string | undefined {
  if (CAPABILITIES.some(([from, to]) => capability >= from && capability <= to)) return undefined;
  const own = `${Math.floor(capability / 10)}.${capability % 10}`;
  return (
    `${name} has compute capability ${own}, and onnxruntime's CUDA provider has code for 7.5 to 9.0 and 12.0: use ` +
    `another card, or DEVICE=webgpu; ${HELP}`
  );
}

export const outOfMemory = (bytes: number, { free, total }: { readonly free: number; readonly total: number }): string =>
  `out of memory: ${mebibytes(bytes)} MiB are needed, ${mebibytes(free)} of the card's ${mebibytes(total)} MiB are free: ` +
  `train LoRA or another adaptation, set gradient_checkpointing, or use a larger card; ${HELP}`;

const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);
