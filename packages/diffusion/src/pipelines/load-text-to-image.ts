// Creates a text-to-image pipeline from a checkpoint in the diffusers folder layout.
import { type Shape } from '@styleforge/autodiff';
import { componentOfKind, describeNetworks, type CLIPTokenizer } from '@styleforge/model-files';
import { type CompileOptions } from '@styleforge/runtime';
import {
  checkWeights,
  componentOf,
  requireFinite,
  requireTensor,
  type DiffusersComponent,
  type DiffusersFolder,
  type TensorReader,
} from '@styleforge/weights';
import { type DiffusionModel } from '../families/family.ts';
import { modelOfFolder, openDiffusionModel } from '../families/open-model.ts';
import { branchAdapter, branchWeights } from './branch-adapter.ts';
import { type WeightSource } from './model-programs.ts';
import { TextToImagePipeline } from './text-to-image.ts';
import { type TextToImageComponents, type WeightSources } from './text-to-image-options.ts';

type Weights = Pick<DiffusersComponent, 'weightsPath' | 'openWeights'>;

/**
 * Passes each wanted tensor to `take`, one at a time. Throws WeightsMismatchError or ModelFileError, which name the file and the tensor.
 */
export async function readWeights(
  { weightsPath, openWeights }: Weights,
  wanted: ReadonlyMap<string, Shape>,
  take: (name: string, reader: TensorReader) => Promise<Float32Array>,
): Promise<void> {
  const reader = await openWeights();
  try {
    checkWeights(reader, weightsPath, wanted.keys());
    for (const [name, shape] of wanted) requireTensor(reader, weightsPath, name, shape);
    for (const name of wanted.keys()) requireFinite(await take(name, reader), weightsPath, name);
  } finally {
    await reader.close();
  }
}

/**
 * Reads weights from a checkpoint's file as float32 when they are first requested. Weights of adapters behind its layers are already in
 * memory.
 */
export function weightsOf(component: Weights & Pick<DiffusersComponent, 'branches'>): WeightSource {
  const added = branchWeights(component.branches ?? []);
  const source = async (wanted: ReadonlyMap<string, Shape>): Promise<ReadonlyMap<string, Float32Array>> => {
    const arrays = new Map([...added].filter(([name]) => wanted.has(name)));
    const stored = new Map([...wanted].filter(([name]) => !added.has(name)));
    await readWeights(component, stored, async (name, reader) => {
      const values = await reader.read(name);
      arrays.set(name, values);
      return values;
    });
    return arrays;
  };
  return component.branches ? Object.assign(source, { adapter: branchAdapter(component.branches) }) : source;
}

/** Sources of the weights of each component, by its name. */
export const weightSources = ({ components }: DiffusersFolder): WeightSources =>
  Object.fromEntries(components.map((component) => [component.name, weightsOf(component)]));

export async function loadTextToImagePipeline(directory: string, options: CompileOptions = {}): Promise<TextToImagePipeline> {
  const { model, folder, tokenizers: read, description } = await openDiffusionModel(directory, describeNetworks);
  const { withoutAdapters } = folder;
  if (!withoutAdapters) return new TextToImagePipeline(componentsOf(model, folder, read, weightSources(folder)), options);
  const weights = sourcesOfBoth(folder, withoutAdapters);
  const tokenizers = description.textEncoders.map(({ tokenizer }) => tokenizer);
  const base = componentsOf(modelOfFolder(withoutAdapters), withoutAdapters, tokenizers, weights.base);
  return new TextToImagePipeline({ ...componentsOf(model, folder, read, weights.adapted), base }, options);
}

function componentsOf(
  model: DiffusionModel,
  { schedulerConfig }: DiffusersFolder,
  read: readonly (CLIPTokenizer | null)[],
  weights: WeightSources,
): TextToImageComponents {
  const tokenizers = read.flatMap((tokenizer) => tokenizer ?? []);
  return { model, schedulerConfig, weights, ...(tokenizers.length === read.length && { tokenizers }) };
}

/** Shares the denoiser's weights between both models if the adapters only run behind layers. */
function sourcesOfBoth(adapted: DiffusersFolder, base: DiffusersFolder): { adapted: WeightSources; base: WeightSources } {
  const sources = { adapted: weightSources(adapted), base: weightSources(base) };
  const name = componentOfKind(adapted.family, 'unet');
  if (componentOf(adapted, name).openWeights !== componentOf(base, name).openWeights) return sources;
  const ofAdapted = sources.adapted[name]!;
  const kept = keepingWeights(ofAdapted);
  return {
    adapted: { ...sources.adapted, [name]: Object.assign(kept, { adapter: ofAdapted.adapter }) },
    base: { ...sources.base, [name]: (wanted) => kept(wanted) },
  };
}

function keepingWeights(source: WeightSource): WeightSource {
  const known = new Map<string, Float32Array>();
  return async (wanted) => {
    const missing = new Map([...wanted].filter(([name]) => !known.has(name)));
    if (missing.size > 0) for (const [name, values] of await source(missing)) known.set(name, values);
    return new Map([...wanted.keys()].map((name) => [name, known.get(name)!]));
  };
}
