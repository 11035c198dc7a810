// Checks that an uploaded adapter fits a base model, tensor by tensor, and contains finite numbers only, before anything uses it.
import { basename } from 'node:path';
import { embeddingComponents } from '../families/index.ts';
import { ModelFileError } from '../files/model-file-error.ts';
import { readBaseLayers, type BaseLayers } from '../layers/base-layers.ts';
import { kohyaNames, type LayerPlace, placeOf, splitKey } from '../layers/lora-names.ts';
import { requireFiniteTensors } from '../tensor-files/finite-tensors.ts';
import { elementCount, type TensorInfo } from '../tensor-files/safetensors-header.ts';
import { readTensorTable } from '../tensor-files/tensor-table.ts';
import { type AdapterKind } from './inspect-adapter.ts';

type Tensors = ReadonlyMap<string, TensorInfo>;
/** Describes what does not fit; undefined if everything does. */
type Check = (tensors: Tensors, base: BaseLayers) => string | undefined;

const MOST_NAMED = 3;

function named(names: readonly string[]): string {
  const first = names.slice(0, MOST_NAMED).map((name) => `'${name}'`);
  return first.join(', ') + (names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '');
}

const ELSEWHERE = 'it was made for another base model: name that one in base_model';

interface Matrices {
  readonly place: LayerPlace;
  down?: readonly number[];
  up?: readonly number[];
}

function matricesFault({ place: { component, module }, down, up }: Matrices, base: BaseLayers): string | undefined {
  const layer = `${component}.${module}`;
  if (down === undefined || up === undefined) return `has only one of the two matrices of the layer ${layer}: download the file again`;
  const weight = base.shapeOf(component, `${module}.weight`)!;
  if (down[0] === 0) return `has matrices of rank 0 for the layer ${layer}: save it without that layer`;
  if (up[1] !== down[0]) return `has matrices of different ranks for the layer ${layer}: [${down}] and [${up}]; save it again`;
  const [inputs, wanted] = [elementCount(down.slice(1)), elementCount(weight.slice(1))];
  if (inputs === wanted && up[0] === weight[0]) return undefined;
  return `changes ${layer} by a matrix of ${up[0]} x ${inputs}, and the base model has ${weight[0]} x ${wanted} there: ${ELSEWHERE}`;
}

/** Whether a tensor of a LoRA file stands for a weight of the model itself. */
function isWhole(name: string, base: BaseLayers): boolean {
  const plain = name.replace(/^base_model\.model\./, '').replace('.base_layer.', '.');
  const known = (tensor: string): boolean => [...base.layers.keys()].some((component) => base.shapeOf(component, tensor) !== undefined);
  return known(plain) || known(plain.replace(/^[^.]+\./, ''));
}

const checkLora: Check = (tensors, base) => {
  const kohya = kohyaNames(base);
  const found = new Map<string, Matrices>();
  const unknown: string[] = [];
  for (const [name, { shape }] of tensors) {
    const key = splitKey(name);
    const place = key && placeOf(key.stem, base, kohya);
    if (!place) {
      unknown.push(name);
      continue;
    }
    const id = `${place.component}.${place.module}`;
    const matrices = found.get(id) ?? { place };
    if (key.role !== 'alpha') matrices[key.role] = shape;
    found.set(id, matrices);
  }
  const whole = unknown.filter((name) => isWhole(name, base));
  if (whole.length > 0)
    return `has ${named(whole)}, whole weights in addition to its matrices, which are not read: train it without bias and modules_to_save`;
  if (unknown.length > 0) return `has ${named(unknown)}, which no layer of the base model has: ${ELSEWHERE}`;
  return [...found.values()].map((matrices) => matricesFault(matrices, base)).find((fault) => fault !== undefined);
};

const CUSTOM_KEY = /^(?:unet\.)?(.*)\.processor\.(to_k|to_v|to_q|to_out)_custom_diffusion(\.0)?\.(weight|bias)$/;
const BRANCH_KEY = /^unet\.(.*)\.styledrop\.(down|up)$/;

const checkCustomDiffusion: Check = (tensors, base) => {
  for (const [name, { shape }] of tensors) {
    const [, place, projection, index = '', part] = CUSTOM_KEY.exec(name)!;
    const wanted = base.shapeOf('unet', `${place}.${projection}${index}.${part}`);
    if (wanted === undefined) return `has '${name}', which no layer of the base model has: ${ELSEWHERE}`;
    if (wanted.join() !== shape.join()) return `has '${name}' of [${shape}], and the base model has [${wanted}] there: ${ELSEWHERE}`;
  }
  return undefined;
};

const checkBranches: Check = (tensors, base) => {
  for (const [name, { shape }] of tensors) {
    const [, layer, side] = BRANCH_KEY.exec(name)!;
    const weight = base.shapeOf('unet', `${layer}.weight`);
    if (weight === undefined) return `has '${name}', which no layer of the base model has: ${ELSEWHERE}`;
    const width = side === 'down' ? shape[1] : shape[0];
    if (width !== weight[0]) return `has '${name}' for layers of ${width} numbers, and the base model's has ${weight[0]}: ${ELSEWHERE}`;
    if (!tensors.has(`unet.${layer}.styledrop.${side === 'down' ? 'up' : 'down'}`)) return `has '${name}' alone: download the file again`;
  }
  return undefined;
};

const checkEmbedding: Check = (tensors, base) => {
  const widthOf = (encoder: string): number | undefined => base.shapeOf(encoder, 'embeddings.token_embedding.weight')?.[1];
  const widths = base.textEncoders.map(widthOf);
  const fits = (key: string, width: number | undefined): boolean => {
    const encoder = embeddingComponents.get(key);
    return encoder ? widthOf(encoder) === width : widths.includes(width);
  };
  const strange = [...tensors].find(([key, { shape }]) => !fits(key, shape.at(-1)));
  if (strange === undefined) return undefined;
  const [name, { shape }] = strange;
  return `has rows of ${shape.at(-1)} numbers in '${name}', and the base model's text encoder takes ${widths.join(' or ')}: ${ELSEWHERE}`;
};

const CHECKS: Readonly<Record<AdapterKind, Check>> = {
  lora: checkLora,
  'custom-diffusion': checkCustomDiffusion,
  adapter: checkBranches,
  'textual-inversion': checkEmbedding,
};

/**
 * Checks an adapter. `baseDirectory`: folder of the base model. Throws ModelFileError, whose `fault` says what does not fit and what to do.
 */
export async function checkAdapter(path: string, kind: AdapterKind, baseDirectory: string): Promise<void> {
  const { tensors } = await readTensorTable(path);
  const fault = CHECKS[kind](tensors, await readBaseLayers(baseDirectory));
  if (fault !== undefined) throw new ModelFileError(path, fault);
  await requireFiniteTensors(path);
}

/** The file name to store it under: readers recognize the layout by the extension. */
export async function keptFileName(path: string, fileName: string): Promise<string> {
  const { layout } = await readTensorTable(path);
  const stem =
    basename(fileName)
      .replace(/\.[^.]*$/, '')
      .replaceAll(/[^\p{L}\p{N}._-]/gu, '_') || 'adapter';
  return `${stem.slice(0, 100)}.${layout === 'torch' ? 'pt' : 'safetensors'}`;
}
