// Residual adapters: two matrices after a layer, which add up(GELU(down(h))) to its output h. They cannot be merged into the layer's
// weight.
import { writeSafetensors } from '../tensors/safetensors-writer.ts';
import { type TensorReader } from '../tensors/tensor-reader.ts';

export interface Branch {
  /** The name of the layer whose output is changed, in the U-Net. */
  readonly layer: string;
  readonly width: number;
  readonly bottleneck: number;
  /** [bottleneck, width] */
  readonly down: Float32Array;
  /** [width, bottleneck] */
  readonly up: Float32Array;
}

/** A residual adapter of a model, and its strength. */
export interface AppliedBranch extends Branch {
  readonly strength: number;
}

const KEY = /^unet\.(.*)\.styledrop\.(down|up)$/;

export async function writeBranches(path: string, branches: readonly Branch[]): Promise<void> {
  const entries = branches.flatMap(({ layer, width, bottleneck, down, up }) => [
    { name: `unet.${layer}.styledrop.down`, shape: [bottleneck, width], data: down },
    { name: `unet.${layer}.styledrop.up`, shape: [width, bottleneck], data: up },
  ]);
  await writeSafetensors(path, entries, { dtype: 'F32', metadata: { format: 'pt', adapter: 'styledrop', activation: 'gelu' } });
}

export const holdsBranches = (names: readonly string[]): boolean => names.length > 0 && names.every((name) => KEY.test(name));

export async function readBranches(reader: TensorReader): Promise<Branch[]> {
  const branches: Branch[] = [];
  for (const name of reader.names().filter((candidate) => candidate.endsWith('.down'))) {
    const [, layer] = KEY.exec(name)!;
    const [bottleneck, width] = reader.info(name).shape;
    branches.push({ layer, width, bottleneck, down: await reader.read(name), up: await reader.read(name.replace(/down$/, 'up')) });
  }
  return branches;
}
