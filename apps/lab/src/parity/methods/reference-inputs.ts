// Inputs of a case of any family from the tensors of its reference file: token ids, image sizes, conditions.
import { Graph } from '@styleforge/autodiff';
import { modelOfFolder, type DiffusionModel, type Feeds, type ImageGeometry } from '@styleforge/diffusion';
import { componentOf, type DiffusersFolder, type TensorReader } from '@styleforge/weights';
import { evaluate } from '../evaluate.ts';
import { readIds } from '../reference-folder.ts';

/** The ids of the first text encoder are `input_ids`, those of the second `input_ids_2`. */
export const idsName = (encoder: number): string => (encoder === 0 ? 'input_ids' : `input_ids_${encoder + 1}`);

/** `nameOf` maps a name to the name of its tensor in the file. */
type NameOf = (name: string) => string;

export const textTokens = (reference: TensorReader, nameOf: NameOf): number => reference.info(nameOf('input_ids')).shape[1];

/** Inputs of all text encoders. */
export async function textFeeds(model: DiffusionModel, reference: TensorReader, endId: number, nameOf: NameOf): Promise<Feeds> {
  const feeds = model.textEncoders.map(async (encoder, i) =>
    encoder.feeds(await readIds(reference, nameOf(idsName(i))), textTokens(reference, nameOf), endId),
  );
  return Object.assign({}, ...(await Promise.all(feeds))) as Feeds;
}

/** Image sizes of each sample; none if the file has none. */
export async function imagesOf(reference: TensorReader, nameOf: NameOf): Promise<ImageGeometry[]> {
  if (!reference.has(nameOf('time_ids'))) return [];
  const ids = await reference.read(nameOf('time_ids'));
  return Array.from({ length: ids.length / 6 }, (_, i) => {
    const pair = (at: number): [number, number] => [ids[6 * i + at], ids[6 * i + at + 1]];
    return { original: pair(0), crop: pair(2), target: pair(4) };
  });
}

/** Conditions that a checkpoint's text encoders compute. */
export async function encodeTexts(
  folder: DiffusersFolder,
  reference: TensorReader,
  endId: number,
  nameOf: NameOf = (name) => name,
): Promise<Record<string, Float32Array>> {
  const model = modelOfFolder(folder);
  const tokens = textTokens(reference, nameOf);
  const conditions: Record<string, Float32Array> = {};
  for (const [i, encoder] of model.textEncoders.entries()) {
    const graph = new Graph();
    const ids = await readIds(reference, nameOf(idsName(i)));
    const outputs = encoder.encode(graph, encoder.inputs(graph, ids.length / tokens, tokens));
    const weights = await componentOf(folder, encoder.component).openWeights();
    const found = await evaluate(graph, outputs, weights, encoder.feeds(ids, tokens, endId)).finally(() => weights.close());
    Object.assign(conditions, found);
  }
  return conditions;
}

/** Adds the denoiser of a model to a graph, with inputs named after the conditions. */
export function denoiserOf(graph: Graph, model: DiffusionModel, shape: readonly number[], tokens: number, prefix?: string) {
  const sample = graph.input('sample', [...shape]);
  const told = model.sampleInputs(graph, shape[0]);
  const rows = model.textEncoders.flatMap((encoder) => Object.entries(encoder.conditionShapes(tokens)));
  const conditions = rows.map(([name, row]) => [name, graph.input(name, [shape[0], ...row])] as const);
  return model.denoise(graph, { sample, told, conditions: Object.fromEntries(conditions) }, prefix);
}

/** The states that the U-Net attends to, of all text encoders side by side, [n, tokens, features]. */
export function joinedContext(model: DiffusionModel, conditions: Readonly<Record<string, Float32Array>>, rows: number): Float32Array {
  const parts = model.textEncoders.map(({ conditionShapes, model: { config } }) => ({
    values: conditions[Object.keys(conditionShapes(1))[0]],
    width: config.hidden_size,
  }));
  const width = parts.reduce((sum, part) => sum + part.width, 0);
  const joined = new Float32Array(rows * width);
  let offset = 0;
  for (const { values, width: own } of parts) {
    for (let row = 0; row < rows; row++) joined.set(values.subarray(row * own, (row + 1) * own), row * width + offset);
    offset += own;
  }
  return joined;
}
