// The requirements of devices on a machine: drivers and libraries, each found or missing, with the remedy.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { warnNotTested } from '@styleforge/testing';
import { describe, expect, it } from 'vitest';
import { type MachinePart } from '../src/machine/machine-part.ts';
import { vulkanParts } from '../src/machine/vulkan.ts';
import { gpuFolder, missingGpu } from './fake-gpu/fake-gpu.ts';

/** The parts that a separate process finds: a library that this process has loaded is found by its name wherever it is. */
function nvidiaParts(places: object): MachinePart[] {
  const source = `
    import { nvidiaParts } from './src/machine/nvidia.ts';
    console.log(JSON.stringify(nvidiaParts(${JSON.stringify(places)})));`;
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], { cwd, encoding: 'utf8' });
  return JSON.parse(output) as MachinePart[];
}

const folder = mkdtempSync(join(tmpdir(), 'styleforge-machine-'));
const versionFile = join(folder, 'version');
writeFileSync(
  versionFile,
  'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs-builder)\nGCC version: 13\n',
);

describe('a machine without anything from NVIDIA', () => {
  it('lacks driver, cards, provider and libraries, and gets a remedy for each', () => {
    const parts = nvidiaParts({ folder, versionFile: join(folder, 'none') });
    expect(parts.map(({ name }) => name)).toEqual(['nvidia driver', 'nvidia cards', 'cuda provider', 'cuda libraries']);
    expect(parts[2]).toMatchObject({
      isFound: false,
      detail: expect.stringContaining('libonnxruntime_providers_cuda.so is missing') as string,
      remedy: expect.stringContaining('npm rebuild onnxruntime-node') as string,
    });
  });
});

describe.skipIf(warnNotTested('a machine with parts of NVIDIA', missingGpu))('a machine with a simulated card', () => {
  it('has all parts, with version, card and paths', () => {
    const parts = nvidiaParts({ folder: gpuFolder(), versionFile });
    expect(parts.map(({ isFound }) => isFound)).toEqual([true, true, true, true]);
    const [driver, cards, provider, libraries] = parts.map(({ detail }) => detail);
    expect(driver).toMatch(/^580\.65\.06, for CUDA up to 13\.0 \(.*libcuda\.so\.1\)$/);
    expect(cards).toBe('NVIDIA stand-in, 81920 MiB, compute capability 9.0');
    expect(provider).toMatch(/^built for CUDA 13 /);
    expect(libraries).toMatch(/^found: .*libcublas\.so\.13.*libcudnn\.so\.9/);
  });

  it('names all missing libraries at once, and those that exist', () => {
    const parts = nvidiaParts({ folder: gpuFolder(['libcurand.so.10', 'libcudnn.so.9']), versionFile });
    expect(parts[3]).toMatchObject({
      isFound: false,
      detail: expect.stringMatching(/^missing: libcurand\.so\.10, libcudnn\.so\.9; found: .*libcublas\.so\.13/) as string,
      remedy: expect.stringContaining('Install CUDA 13 and cuDNN 9') as string,
    });
  });

  it('distinguishes a container without access to the driver from a machine without a driver', () => {
    const [container] = nvidiaParts({ folder: gpuFolder(['libcuda.so.1']), versionFile });
    expect(container).toMatchObject({ isFound: false, remedy: expect.stringContaining('--gpus all') as string });
    const [bare] = nvidiaParts({ folder: gpuFolder(['libcuda.so.1']), versionFile: join(folder, 'none') });
    expect(bare).toMatchObject({ isFound: false, remedy: "Install NVIDIA's driver, 580 or newer." });
  });
});

const noManifests = process.platform === 'linux' ? undefined : 'only Linux has files that name Vulkan drivers';

describe.skipIf(warnNotTested('Vulkan drivers', noManifests))('Vulkan drivers', () => {
  const manifest = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const driversBy = (driverFiles: string) => vulkanParts({ driverFiles })[1];

  it('are found if the library in their manifest loads', () => {
    const path = manifest('works.json', JSON.stringify({ ICD: { library_path: 'libm.so.6' } }));
    expect(driversBy(path)).toMatchObject({ isFound: true, detail: `found: ${path}` });
  });

  it('are listed with the reason if they cannot be used', () => {
    const broken = manifest('broken.json', JSON.stringify({ ICD: { library_path: './missing.so' } }));
    const paths = [broken, manifest('empty.json', '{'), join(folder, 'nowhere.json')];
    const { isFound, detail, remedy } = driversBy(paths.join(':'));
    expect(isFound).toBe(false);
    expect(detail).toMatch(
      /broken\.json: the library .*missing\.so could not be loaded.*empty\.json: the file names no library.*nowhere\.json: the file does not exist/s,
    );
    expect(remedy).toContain('mesa-vulkan-drivers');
  });

  it('are missing if no folder has a manifest', () => {
    expect(vulkanParts({}, [join(folder, 'icd.d')])[1]).toMatchObject({
      isFound: false,
      detail: 'no driver is installed (no file in icd.d)',
    });
  });
});
