// LoRA extraction: the difference of two models in each layer, as the product of two small matrices (truncated SVD).
import { type DiffusersComponent, type DiffusersFolder } from '../checkpoints/diffusers-reader.ts';
import { type TensorReader } from '../tensors/tensor-reader.ts';
import { type LoraLayer } from './lora.ts';
import { truncatedSvd } from './truncated-svd.ts';

export interface ExtractOptions {
  readonly rank: number;
  /** Whether a layer is extracted. The changes of all other layers are lost. */
  readonly includes?: (component: string, module: string) => boolean;
}

export interface ExtractedLora {
  readonly layers: LoraLayer[];
  /** Squared norm of the change that the LoRA keeps, divided by that of the whole change, over all weights of the model. */
  readonly keptShare: number;
}

async function difference(base: TensorReader, tuned: TensorReader, name: string): Promise<Float32Array> {
  const [before, after] = [await base.read(name), await tuned.read(name)];
  return after.map((value, i) => value - before[i]);
}

const squaredLength = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);

interface Found {
  layers: LoraLayer[];
  kept: number;
  all: number;
}

async function extractComponent(
  component: string,
  [base, tuned]: readonly [DiffusersComponent, DiffusersComponent],
  { rank, includes = () => true }: ExtractOptions,
  found: Found,
): Promise<void> {
  const readers = [await base.openWeights(), await tuned.openWeights()] as const;
  try {
    for (const name of readers[1].names()) {
      const { shape } = readers[1].info(name);
      const change = await difference(readers[0], readers[1], name);
      const length = squaredLength(change);
      found.all += length;
      const module = name.replace(/\.weight$/, '');
      const isMatrix = name.endsWith('.weight') && (shape.length === 2 || shape.length === 4) && !module.includes('embedding');
      if (length === 0 || !isMatrix || !includes(component, module)) continue;
      const rows = shape[0];
      const columns = change.length / rows;
      const used = Math.min(rank, rows, columns);
      const { left, right, squaredLength: kept } = truncatedSvd(change, rows, columns, used);
      found.kept += kept;
      const upShape = shape.length === 2 ? [rows, used] : [rows, used, 1, 1];
      found.layers.push({ component, module, rank: used, scale: 1, down: right, downShape: [used, ...shape.slice(1)], up: left, upShape });
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

/** The LoRA of rank `rank` that comes closest to turning `base` into `tuned`. Both must be folders of the same model. */
export async function extractLora(base: DiffusersFolder, tuned: DiffusersFolder, options: ExtractOptions): Promise<ExtractedLora> {
  const found: Found = { layers: [], kept: 0, all: 0 };
  for (const component of base.components) {
    const other = tuned.components.find(({ name }) => name === component.name);
    // Training does not change the autoencoder
    if (other && component.network !== 'autoencoder') await extractComponent(component.name, [component, other], options, found);
  }
  return { layers: found.layers, keptShare: found.all === 0 ? 1 : found.kept / found.all };
}
