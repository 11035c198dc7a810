// The conditions that the text encoders compute for one text, and their combination for a batch of texts.
import { elementCount, type Shape } from '@styleforge/autodiff';
import { type DiffusionModel } from '../families/family.ts';

/** One text's conditions, by the family's names. */
export type Conditions = Readonly<Record<string, Float32Array>>;

/** The texts of one request. */
export interface EncodedTexts {
  readonly prompts: ReadonlyMap<string, Conditions>;
  readonly negativePrompt: Conditions;
}

/** The conditions of a batch's prompts and negative prompt. */
export const textsOf = (
  { prompts, negativePrompt }: EncodedTexts,
  batch: readonly { readonly prompt: string }[],
): { prompts: Conditions[]; negativePrompt: Conditions } => ({
  prompts: batch.map(({ prompt }) => prompts.get(prompt)!),
  negativePrompt,
});

export function joinArrays(arrays: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    joined.set(array, offset);
    offset += array.length;
  }
  return joined;
}

/** Concatenates the conditions of several texts, one row for each. */
export const joinConditions = (texts: readonly Conditions[]): Conditions =>
  Object.fromEntries(Object.keys(texts[0]!).map((name) => [name, joinArrays(texts.map((text) => text[name]!))]));

export const zeroConditions = (conditions: Conditions): Conditions =>
  Object.fromEntries(Object.entries(conditions).map(([name, values]) => [name, new Float32Array(values.length)]));

/** Shapes of one text's conditions, for as many tokens as they have. */
export function rowShapes(model: DiffusionModel, conditions: Conditions): Readonly<Record<string, Shape>> {
  const shapes = model.textEncoders.map((encoder) => {
    const [[name, row]] = Object.entries(encoder.conditionShapes(1)) as [[string, Shape]];
    return encoder.conditionShapes(conditions[name]!.length / elementCount(row));
  });
  return Object.assign({}, ...shapes) as Readonly<Record<string, Shape>>;
}
