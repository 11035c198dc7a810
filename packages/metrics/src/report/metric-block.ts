// The metrics of one set of images under one extractor: every value with all that is needed to interpret and repeat it.
import type { ExtractorName, FeatureExtractor, ResizeRule } from '../extractors/feature-extractor.ts';
import type { Diversity, Memorisation } from '../distances/neighbors.ts';

export const metrics = ['fid', 'kid', 'clip'] as const;
export type Metric = (typeof metrics)[number];

export interface ExtractorIdentity {
  readonly name: ExtractorName;
  readonly dimension: number;
  readonly resize: ResizeRule;
  readonly weightsSha256: string;
}

/** Percentiles of a seeded bootstrap. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly level: number;
  readonly replicates: number;
}

export interface MetricValue {
  readonly metric: Metric;
  /** `kid`, or `kid@mini-clip` with another extractor than the usual one. */
  readonly name: string;
  readonly value: number;
  /** KID times 1000, as in most tables. */
  readonly timesThousand: number | null;
  /** Standard deviation of KID over the subsets. */
  readonly standardDeviation: number | null;
  readonly interval: Interval | null;
  /** The CLIP score of the same images with the prompts of others; null for other metrics, and if all prompts are equal. */
  readonly chance: number | null;
  readonly better: 'lower' | 'higher';
}

export type MetricWarningCode = 'fid-biased' | 'few-images' | 'identical-sets' | 'mixed-sizes' | 'no-interval';

export interface MetricWarning {
  readonly code: MetricWarningCode;
  readonly message: string;
}

export interface MetricBlock {
  readonly extractor: ExtractorIdentity;
  /** Number of reference images; null without a reference set. */
  readonly realCount: number | null;
  readonly generatedCount: number;
  /** SHA-256 of the reference images' sorted hashes. */
  readonly referenceSha256: string | null;
  /** Null without prompts. */
  readonly promptSetSha256: string | null;
  readonly seed: number;
  readonly kidSubsets: { readonly subsets: number; readonly subsetSize: number } | null;
  /** Name of the first value, which a report shows first. */
  readonly leading: string | null;
  readonly values: readonly MetricValue[];
  readonly diversity: Diversity | null;
  readonly memorisation: Memorisation | null;
  readonly warnings: readonly MetricWarning[];
}

/** Minimum number of images without a warning: with fewer, FID is biased, and with 2048 features its covariances lack rank. */
export const leastForFid = 2048;

export function identityOf({ name, dimension, resize, weightsSha256 }: FeatureExtractor): ExtractorIdentity {
  return { name, dimension, resize, weightsSha256 };
}

/** The name of a metric. Plain names belong to the extractors that the metrics are defined with; others include the extractor. */
export function metricName(metric: Metric, { name, dimension }: Pick<ExtractorIdentity, 'name' | 'dimension'>): string {
  if (metric === 'clip') return name === 'clip' ? 'clip' : `clip@${name}`;
  if (name !== 'inception-v3-fid') return `${metric}@${name}`;
  return dimension === 2048 ? metric : `${metric}@${name}-${dimension}`;
}
