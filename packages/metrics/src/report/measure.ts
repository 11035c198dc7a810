// The function behind every report: it measures images and returns a complete metric block.
import { createHash } from 'node:crypto';
import { clipScoreInterval, fidInterval, kidInterval, type BootstrapOptions } from '../distances/bootstrap.ts';
import { chanceClipScore, clipScore } from '../distances/clip-score.ts';
import type { FeatureExtractor, RgbImage } from '../extractors/feature-extractor.ts';
import type { Features } from '../distances/features.ts';
import { frechetDistance } from '../distances/fid.ts';
import type { ImageSet } from '../images/image-set.ts';
import { kernelDistance, type KidResult } from '../distances/kid.ts';
import {
  identityOf,
  leastForFid,
  metricName,
  type Interval,
  type Metric,
  type MetricBlock,
  type MetricValue,
  type MetricWarning,
} from './metric-block.ts';
import { diversityOf, memorisationOf, type Memorisation } from '../distances/neighbors.ts';
import { referenceFeatures, type ReferenceFeatures, type StatisticsCache } from '../images/reference-features.ts';

export type MeasurePhase = 'reference' | 'style-ref' | 'generated' | 'texts' | 'statistics';

export interface MeasureRequest {
  readonly extractor: FeatureExtractor;
  readonly generated: ImageSet;
  /** Images that FID and KID compare with. */
  readonly reference?: ImageSet;
  /** Training images, to detect whether they were memorised. */
  readonly styleRef?: ImageSet;
  /** The bare prompt of each generated image; required for the CLIP score, with an extractor that reads texts. */
  readonly prompts?: readonly string[];
  /** Default: the SHA-256 of `prompts`. */
  readonly promptSetSha256?: string;
  /** Default: all that extractor, reference and prompts allow. */
  readonly metrics?: readonly Metric[];
  /** Seed of KID's subsets and of the bootstrap. */
  readonly seed?: number;
  readonly subsets?: number;
  readonly subsetSize?: number;
  /** Options of the intervals; false for none. */
  readonly bootstrap?: Omit<BootstrapOptions, 'seed' | 'signal'> | false;
  readonly cache?: StatisticsCache;
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
  /** `of` is absent if nothing is counted. */
  readonly onProgress?: (progress: { phase: MeasurePhase; done: number; of?: number }) => void;
  readonly onWarning?: (message: string) => void;
}

export function promptSetSha256(prompts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(prompts)).digest('hex');
}

/** The metrics to compute; default: all that are possible. Throws for a requested metric that cannot be computed. */
function chosenMetrics({ metrics, extractor, reference, prompts }: MeasureRequest): Metric[] {
  const lacking: Record<Metric, string | undefined> = {
    fid: reference ? undefined : 'reference images',
    kid: reference ? undefined : 'reference images',
    clip: !prompts
      ? 'the prompts of the images'
      : extractor.embedTexts
        ? undefined
        : `an extractor that reads texts, which '${extractor.name}' does not`,
  };
  for (const metric of metrics ?? []) if (lacking[metric]) throw new RangeError(`the metric ${metric} needs ${lacking[metric]}`);
  return metrics ? [...new Set(metrics)] : (['fid', 'kid', 'clip'] as const).filter((metric) => !lacking[metric]);
}

function checkCounts({ generated, reference, prompts, styleRef }: MeasureRequest, metrics: readonly Metric[]): void {
  const count = generated.sha256s.length;
  if (count < 2) throw new RangeError(`at least 2 generated images are needed, not ${count}`);
  const comparesSets = metrics.includes('fid') || metrics.includes('kid');
  if (comparesSets && reference && reference.sha256s.length < 2)
    throw new RangeError(`at least 2 reference images are needed, not ${reference.sha256s.length}`);
  if (styleRef && styleRef.sha256s.length < 1) throw new RangeError('the set of StyleRef images is empty');
  if (prompts && prompts.length !== count)
    throw new RangeError(`${prompts.length} prompts were given for ${count} generated images: give one for each`);
}

/** Yields the images and records their sizes. */
async function* noting(images: Iterable<RgbImage> | AsyncIterable<RgbImage>, sizes: Set<string>): AsyncGenerator<RgbImage> {
  for await (const image of images) {
    sizes.add(`${image.width}x${image.height}`);
    yield image;
  }
}

interface Measured {
  readonly generated: Features;
  readonly reference?: ReferenceFeatures;
  readonly styleRef?: ReferenceFeatures;
  readonly texts?: Features;
  readonly generatedSizes: number;
}

async function embedAll(request: MeasureRequest, metrics: readonly Metric[]): Promise<Measured> {
  const { extractor, signal, batchSize, cache, onProgress, onWarning } = request;
  const options = (phase: MeasurePhase, of: number) => ({
    signal,
    batchSize,
    onProgress: (done: number) => onProgress?.({ phase, done, of }),
  });
  const cached = (phase: MeasurePhase, set: ImageSet) =>
    referenceFeatures(extractor, set, { ...options(phase, set.sha256s.length), cache, onWarning });
  const sizes = new Set<string>();
  const count = request.generated.sha256s.length;
  const generated = await extractor.embedImages(noting(request.generated.images(), sizes), options('generated', count));
  if (generated.count !== count) throw new RangeError(`${count} generated images were announced and ${generated.count} came`);
  return {
    generated,
    generatedSizes: sizes.size,
    ...(request.reference && { reference: await cached('reference', request.reference) }),
    ...(request.styleRef && { styleRef: await cached('style-ref', request.styleRef) }),
    ...(metrics.includes('clip') && { texts: await extractor.embedTexts!(request.prompts!, options('texts', count)) }),
  };
}

/** Indexes in the given set, not in the sorted one. */
async function memorisationIn(generated: Features, { features, order }: ReferenceFeatures): Promise<Memorisation> {
  const found = await memorisationOf(generated, features);
  return { ...found, nearest: found.nearest.map((entry) => ({ ...entry, reference: order[entry.reference] })) };
}

function warningsOf(
  request: MeasureRequest,
  { generated, reference, generatedSizes }: Measured,
  values: readonly MetricValue[],
): MetricWarning[] {
  const warnings: MetricWarning[] = [];
  const add = (code: MetricWarning['code'], message: string): void => {
    warnings.push({ code, message });
  };
  const fewest = Math.min(generated.count, reference?.features.count ?? Infinity);
  const fid = values.find(({ metric }) => metric === 'fid');
  if (fid && fewest < leastForFid) {
    const rank =
      fewest <= generated.dimension ? ` With ${fewest} images and ${generated.dimension} features its covariances lack rank.` : '';
    add('fid-biased', `${fid.name} is biased upwards below ${leastForFid} images (here ${fewest}): read KID first.${rank}`);
  }
  if (fewest < 50 && values.length > 0)
    add('few-images', `${fewest} images are few: the intervals are wide, and differences within them mean nothing.`);
  const sorted = (set: ImageSet): string => [...set.sha256s].sort().join();
  if (request.reference && sorted(request.reference) === sorted(request.generated))
    add('identical-sets', 'The generated images are the reference images: FID is 0 and KID at or below 0 for any model.');
  if (generatedSizes > 1)
    add(
      'mixed-sizes',
      `The generated images have ${generatedSizes} different sizes; each was resized by the rule '${request.extractor.resize}'.`,
    );
  if (request.bootstrap !== false) {
    const missing = values.filter(({ interval }) => interval === null).map(({ name }) => name);
    if (missing.length > 0)
      add(
        'no-interval',
        `The interval of ${missing.join(', ')} would take long with this many images; set the number of replicates to compute it.`,
      );
  }
  return warnings;
}

const ordered = (metrics: readonly Metric[], kidFirst: boolean): Metric[] =>
  ([...(kidFirst ? ['kid', 'fid'] : ['fid', 'kid']), 'clip'] as Metric[]).filter((metric) => metrics.includes(metric));

/** Computes each metric with its interval. */
class Values {
  readonly #request: MeasureRequest;
  readonly #measured: Measured;
  readonly #bootstrap: BootstrapOptions;
  kid: KidResult | undefined;

  constructor(request: MeasureRequest, measured: Measured) {
    this.#request = request;
    this.#measured = measured;
    this.#bootstrap = { ...(request.bootstrap || {}), seed: request.seed ?? 0, signal: request.signal };
  }

  async compute(metric: Metric): Promise<MetricValue> {
    const name = metricName(metric, this.#request.extractor);
    if (metric === 'clip') return this.#clip(name);
    const [real, generated] = [this.#measured.reference!.features, this.#measured.generated];
    return metric === 'fid' ? this.#fid(name, real, generated) : this.#kid(name, real, generated);
  }

  #interval(make: () => Promise<Interval | null>): Promise<Interval | null> {
    return this.#request.bootstrap === false ? Promise.resolve(null) : make();
  }

  async #fid(name: string, real: Features, generated: Features): Promise<MetricValue> {
    const value = await frechetDistance(real, generated);
    return {
      metric: 'fid',
      name,
      value,
      timesThousand: null,
      standardDeviation: null,
      better: 'lower',
      chance: null,
      interval: await this.#interval(() => fidInterval(value, real, generated, this.#bootstrap)),
    };
  }

  async #kid(name: string, real: Features, generated: Features): Promise<MetricValue> {
    const { subsets, subsetSize, seed } = this.#request;
    this.kid = await kernelDistance(real, generated, { subsets, subsetSize, seed });
    const { mean: value, standardDeviation } = this.kid;
    return {
      metric: 'kid',
      name,
      value,
      timesThousand: 1000 * value,
      standardDeviation,
      better: 'lower',
      chance: null,
      interval: await this.#interval(() => kidInterval(value, real, generated, this.#bootstrap)),
    };
  }

  async #clip(name: string): Promise<MetricValue> {
    const [images, texts] = [this.#measured.generated, this.#measured.texts!];
    const value = clipScore(images, texts);
    return {
      metric: 'clip',
      name,
      value,
      timesThousand: null,
      standardDeviation: null,
      better: 'higher',
      chance: chanceClipScore(images, texts, (row) => this.#request.prompts![row]),
      interval: await this.#interval(() => clipScoreInterval(value, images, texts, this.#bootstrap)),
    };
  }
}

/**
 * Metrics of generated images under one extractor. Throws if they cannot be computed: fewer than 2 images, prompts
 * another number of prompts than of images, a metric that extractor or request do not allow, unreadable images, features that are not
 * finite numbers.
 */
export async function measureImages(request: MeasureRequest): Promise<MetricBlock> {
  const metrics = chosenMetrics(request);
  checkCounts(request, metrics);
  const measured = await embedAll(request, metrics);
  request.onProgress?.({ phase: 'statistics', done: 0 });
  const { generated, reference, styleRef } = measured;
  const values = new Values(request, measured);
  const results: MetricValue[] = [];
  for (const metric of ordered(metrics, Math.min(generated.count, reference?.features.count ?? 0) < leastForFid))
    results.push(await values.compute(metric));
  return {
    extractor: identityOf(request.extractor),
    realCount: reference?.features.count ?? null,
    generatedCount: generated.count,
    referenceSha256: reference?.setSha256 ?? null,
    promptSetSha256: request.promptSetSha256 ?? (request.prompts ? promptSetSha256(request.prompts) : null),
    seed: request.seed ?? 0,
    kidSubsets: values.kid ? { subsets: values.kid.subsets, subsetSize: values.kid.subsetSize } : null,
    leading: results[0]?.name ?? null,
    values: results,
    diversity: await diversityOf(generated, (reference ?? styleRef)?.features),
    memorisation: styleRef ? await memorisationIn(generated, styleRef) : null,
    warnings: warningsOf(request, measured, results),
  };
}
