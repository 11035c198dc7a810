// Token disentanglement (Multi-StyleForge, arXiv 2404.05256): how well each token alone, and all together, produce their component.
import type { FeatureExtractor, RgbImage } from '../extractors/feature-extractor.ts';
import type { Features } from '../distances/features.ts';
import { type BoundComponent, promptUnder, type TokenCondition, tokenConditions } from './token-conditions.ts';

export interface Estimate {
  readonly value: number;
  /** Null for a single prompt, from which it cannot be estimated. */
  readonly standardError: number | null;
}

export interface ComponentPull {
  readonly component: string;
  /** 100 times the cosine between the images and the mean of the component's StyleRef images. */
  readonly similarity: number;
  /** Increase of the similarity by the tokens, compared with the same prompts and seeds without any token. */
  readonly gain: Estimate;
  /** Share of the images that are closer to this component than to any other. */
  readonly nearest: number;
}

export interface ConditionResult extends TokenCondition {
  readonly pulls: readonly ComponentPull[];
}

export interface TokenDisentanglement {
  readonly extractor: string;
  readonly dimension: number;
  readonly weightsSha256: string;
  readonly prompts: number;
  readonly imagesPerPrompt: number;
  readonly components: readonly {
    readonly name: string;
    readonly token: string;
    readonly references: number;
    /**
     * Share of its StyleRef images that the extractor assigns to it, each excluded from the mean. If it is not near 1, the extractor cannot
     * distinguish the components.
     */
    readonly recognised: number;
    /** Gain of its own component with its token alone, minus the mean gain of the others. */
    readonly selectivity: Estimate;
  }[];
  /** The conditions: without tokens first, then each token alone, then all together. */
  readonly conditions: readonly ConditionResult[];
}

export interface DisentanglementOptions {
  /** A CLIP extractor. */
  readonly extractor: FeatureExtractor;
  readonly components: readonly (BoundComponent & { readonly references: Iterable<RgbImage> | AsyncIterable<RgbImage> })[];
  /** Bare prompts, without tokens. */
  readonly prompts: readonly string[];
  readonly imagesPerPrompt?: number;
  /** Generates images of each prompt in order, `imagesPerPrompt` for each. The seed of image i does not depend on the prompts. */
  readonly generate: (prompts: readonly string[], condition: TokenCondition) => Iterable<RgbImage> | AsyncIterable<RgbImage>;
  readonly signal?: AbortSignal;
}

type Vector = Float64Array;

function unitRows({ data, count, dimension }: Features): Vector[] {
  return Array.from({ length: count }, (_, row) => unit(Float64Array.from(data.subarray(row * dimension, (row + 1) * dimension))));
}

const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function unit(vector: Vector): Vector {
  const length = Math.sqrt(dot(vector, vector));
  if (length === 0) throw new RangeError('an embedding, or the mean of some, has length zero');
  return vector.map((value) => value / length);
}

function meanDirection(rows: readonly Vector[]): Vector {
  return unit(rows.reduce((sum, row) => sum.map((value, i) => value + row[i]!), new Float64Array(rows[0]!.length)));
}

function estimate(perPrompt: readonly number[]): Estimate {
  const value = mean(perPrompt);
  const variance = perPrompt.reduce((sum, each) => sum + (each - value) ** 2, 0) / (perPrompt.length - 1);
  return { value, standardError: perPrompt.length < 2 ? null : Math.sqrt(variance / perPrompt.length) };
}

const nearestOf = (similarities: readonly number[]): number => similarities.indexOf(Math.max(...similarities));

/** Similarities of each row to the components; the row itself is excluded from its own component's mean. */
function recognisedShare(own: number, groups: readonly (readonly Vector[])[], directions: readonly Vector[]): number {
  const rows = groups[own]!;
  const hits = rows.filter((row, i) => {
    const others = meanDirection(rows.filter((_, j) => j !== i));
    return nearestOf(directions.map((direction, c) => dot(row, c === own ? others : direction))) === own;
  });
  return hits.length / rows.length;
}

/** Similarities by component and image. */
type Similarities = readonly (readonly number[])[];

function perPrompt(images: readonly number[], imagesPerPrompt: number): number[] {
  return Array.from({ length: images.length / imagesPerPrompt }, (_, i) =>
    mean(images.slice(i * imagesPerPrompt, (i + 1) * imagesPerPrompt)),
  );
}

function gainsOf(similarities: Similarities, without: Similarities, imagesPerPrompt: number): number[][] {
  return similarities.map((images, c) =>
    perPrompt(
      images.map((value, i) => value - without[c]![i]!),
      imagesPerPrompt,
    ),
  );
}

function selectivityOf(own: number, gains: readonly (readonly number[])[]): Estimate {
  return estimate(gains[own]!.map((gain, prompt) => gain - mean(gains.filter((_, c) => c !== own).map((other) => other[prompt]!))));
}

function check({ extractor, components, prompts }: DisentanglementOptions): void {
  if (!extractor.embedTexts) throw new RangeError(`the judge must be a CLIP extractor, not ${extractor.name}`);
  if (components.length < 2) throw new RangeError('tokens are told apart from each other: give two components or more');
  if (prompts.length === 0) throw new RangeError('give at least one prompt');
}

async function referenceRows({ extractor, components, signal }: DisentanglementOptions): Promise<Vector[][]> {
  const groups: Vector[][] = [];
  for (const { name, references } of components) {
    const rows = unitRows(await extractor.embedImages(references, { ...(signal && { signal }) }));
    if (rows.length < 2) throw new RangeError(`the component ${name} has ${rows.length} reference images: at least 2 are needed`);
    groups.push(rows);
  }
  return groups;
}

/** Generates and judges the images of every condition, one condition at a time. */
export async function measureTokenDisentanglement(options: DisentanglementOptions): Promise<TokenDisentanglement> {
  check(options);
  const { extractor, components, prompts, imagesPerPrompt = 1, generate, signal } = options;
  const groups = await referenceRows(options);
  const directions = groups.map(meanDirection);
  const conditions = tokenConditions(components);
  const measured: Similarities[] = [];
  for (const condition of conditions) {
    const images = generate(
      prompts.map((prompt) => promptUnder(condition, prompt)),
      condition,
    );
    const rows = unitRows(await extractor.embedImages(images, { ...(signal && { signal }) }));
    if (rows.length !== prompts.length * imagesPerPrompt)
      throw new Error(`${rows.length} images were made of ${prompts.length} prompts, ${imagesPerPrompt} each were expected`);
    measured.push(directions.map((direction) => rows.map((row) => 100 * dot(row, direction))));
  }
  const gains = measured.map((similarities) => gainsOf(similarities, measured[0]!, imagesPerPrompt));
  return {
    extractor: extractor.name,
    dimension: extractor.dimension,
    weightsSha256: extractor.weightsSha256,
    prompts: prompts.length,
    imagesPerPrompt,
    components: components.map(({ name, token }, c) => ({
      name,
      token,
      references: groups[c]!.length,
      recognised: recognisedShare(c, groups, directions),
      selectivity: selectivityOf(c, gains[c + 1]!),
    })),
    conditions: conditions.map((condition, i) => ({ ...condition, pulls: pullsOf(components, measured[i]!, gains[i]!) })),
  };
}

function pullsOf(
  components: readonly BoundComponent[],
  similarities: Similarities,
  gains: readonly (readonly number[])[],
): ComponentPull[] {
  const images = similarities[0]!.map((_, i) => nearestOf(similarities.map((values) => values[i]!)));
  return components.map(({ name }, c) => ({
    component: name,
    similarity: mean(similarities[c]!),
    gain: estimate(gains[c]!),
    nearest: images.filter((nearest) => nearest === c).length / images.length,
  }));
}
