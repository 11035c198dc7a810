// Makes a text-to-image pipeline from a checkpoint in the diffusers folder layout.
import { type Shape } from '@styleforge/autodiff';
import { describeNetworks, parseCLIPTextConfig } from '@styleforge/model-files';
import { type CompileOptions } from '@styleforge/runtime';
import {
  checkWeights,
  baseOfModel,
  openModelFolder,
  requireFinite,
  requireTensor,
  type DiffusersComponent,
  type DiffusersFolder,
  type TensorReader,
} from '@styleforge/weights';
import { AutoencoderKL } from '../models/autoencoder-kl.ts';
import { CLIPTextModel } from '../models/clip-text.ts';
import { UNet2DConditionModel } from '../models/unet-2d-condition.ts';
import { branchAdapter, branchWeights } from './branch-adapter.ts';
import { type WeightSource } from './model-programs.ts';
import { type TextToImageComponents, TextToImagePipeline } from './text-to-image.ts';

type Weights = Pick<DiffusersComponent, 'weightsPath' | 'openWeights'>;

/** Gives each wanted tensor to `take`, one at a time. Throws WeightsMismatchError or ModelFileError, which name the file and the tensor. */
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

/** Reads weights from a checkpoint's file when they are first asked for, as float32; those of adapters behind its layers are here already. */
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

export async function loadTextToImagePipeline(directory: string, options: CompileOptions = {}): Promise<TextToImagePipeline> {
  const { unet, vae, schedulerConfig, tokenizer: read, ...networks } = await describeNetworks(await baseOfModel(directory));
  const folder = await openModelFolder(directory);
  const shared = { unet: new UNet2DConditionModel(unet), vae: new AutoencoderKL(vae), schedulerConfig };
  const encoderOf = ({ addedTokens, textEncoder }: DiffusersFolder): CLIPTextModel =>
    new CLIPTextModel(addedTokens ? parseCLIPTextConfig(textEncoder.config) : networks.textEncoder);
  const componentsOf = (from: DiffusersFolder, unetWeights: WeightSource): TextToImageComponents => {
    const tokenizer = read?.withAdded(from.addedTokens ?? []);
    return {
      ...shared,
      textEncoder: encoderOf(from),
      ...(tokenizer ? { tokenize: (text: string) => tokenizer.encode(text) } : {}),
      weights: { unet: unetWeights, vae: weightsOf(from.vae), textEncoder: weightsOf(from.textEncoder) },
    };
  };
  const { withoutAdapters } = folder;
  if (!withoutAdapters) return new TextToImagePipeline(componentsOf(folder, weightsOf(folder.unet)), options);
  const weights = unetWeightsOfBoth(folder, withoutAdapters);
  return new TextToImagePipeline({ ...componentsOf(folder, weights.adapted), base: componentsOf(withoutAdapters, weights.base) }, options);
}

/** Where adapters only run behind layers, both models have the same weights: they are held once. */
function unetWeightsOfBoth(adapted: DiffusersFolder, base: DiffusersFolder): { adapted: WeightSource; base: WeightSource } {
  const [ofAdapted, ofBase] = [weightsOf(adapted.unet), weightsOf(base.unet)];
  if (adapted.unet.openWeights !== base.unet.openWeights) return { adapted: ofAdapted, base: ofBase };
  const kept = keepingWeights(ofAdapted);
  return { adapted: Object.assign(kept, { adapter: ofAdapted.adapter }), base: (wanted) => kept(wanted) };
}

function keepingWeights(source: WeightSource): WeightSource {
  const known = new Map<string, Float32Array>();
  return async (wanted) => {
    const missing = new Map([...wanted].filter(([name]) => !known.has(name)));
    if (missing.size > 0) for (const [name, values] of await source(missing)) known.set(name, values);
    return new Map([...wanted.keys()].map((name) => [name, known.get(name)!]));
  };
}
