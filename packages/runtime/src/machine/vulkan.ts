// Requirements of DEVICE=webgpu on Linux: Vulkan's loader, and a driver that it can load.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { loadLibrary } from '../native/load.ts';
import { LibraryError } from '../native/library-paths.ts';
import { type MachineHints, type MachinePart } from './machine-part.ts';

const LOADER = 'libvulkan.so.1';
/** Where drivers install their manifests. */
const FOLDERS = ['/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/usr/share/vulkan/icd.d'];

/**
 * Requirements of Vulkan. `driverFiles`: the manifests that VK_DRIVER_FILES lists, separated by colons. Default: those in `folders`. Only
 * Linux has requirements.
 */
export function vulkanParts({ driverFiles }: MachineHints, folders: readonly string[] = FOLDERS): MachinePart[] {
  if (process.platform !== 'linux') return [];
  const named = driverFiles?.split(':').filter(Boolean) ?? [];
  return [loaderPart(), driversPart(named.length > 0 ? named : installedManifests(folders))];
}

function reasonWhyNot(library: string): string | undefined {
  try {
    loadLibrary(library);
    return undefined;
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error;
    return error.message;
  }
}

function loaderPart(): MachinePart {
  const reason = reasonWhyNot(LOADER);
  const remedy = 'Install it: `apt-get install libvulkan1`.';
  return { name: 'vulkan loader', isFound: reason === undefined, detail: reason ?? LOADER, remedy };
}

function installedManifests(folders: readonly string[]): string[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.json'));
}

function driversPart(manifests: readonly string[]): MachinePart {
  const name = 'vulkan drivers';
  const remedy =
    "Install the driver of the card: `apt-get install mesa-vulkan-drivers` (AMD, Intel), or NVIDIA's own; in a " +
    'container, NVIDIA_DRIVER_CAPABILITIES must contain `graphics`. `vulkaninfo --summary` lists what Vulkan sees.';
  if (manifests.length === 0) return { name, isFound: false, detail: 'no driver is installed (no file in icd.d)', remedy };
  const drivers = manifests.map((path) => ({ path, reason: driverProblem(path) }));
  const working = drivers.filter(({ reason }) => reason === undefined);
  const broken = drivers.filter(({ reason }) => reason !== undefined);
  const detail = [
    ...(working.length > 0 ? [`found: ${working.map(({ path }) => path).join(', ')}`] : []),
    ...broken.map(({ path, reason }) => `${path}: ${reason}`),
  ].join('; ');
  return { name, isFound: working.length > 0, detail, remedy };
}

/** The reason why the driver of a manifest cannot be used; undefined if its library loads. */
function driverProblem(path: string): string | undefined {
  if (!existsSync(path)) return 'the file does not exist';
  const library = libraryOf(readFileSync(path, 'utf8'));
  if (library === undefined) return 'the file names no library';
  // A path next to the manifest, or a name for the system's loader.
  return reasonWhyNot(library.includes('/') && !isAbsolute(library) ? join(dirname(path), library) : library);
}

function libraryOf(manifest: string): string | undefined {
  try {
    return (JSON.parse(manifest) as { ICD?: { library_path?: string } }).ICD?.library_path;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
