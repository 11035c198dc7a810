// The feature extractors that metrics are computed with, and the names of their values.

export const EXTRACTORS = ['inception-v3-fid', 'clip', 'mini-clip', 'texture'] as const;
export type Extractor = (typeof EXTRACTORS)[number];

/** Extractors that also read text. */
export const CLIP_EXTRACTORS = ['clip', 'mini-clip'] as const;
export type ClipExtractor = (typeof CLIP_EXTRACTORS)[number];

export interface EvaluationDefaults {
  /** Name of a prompt set. */
  prompts: string;
  extractor: Extractor;
  clip_extractor: ClipExtractor;
}

/** Defaults for a base model whose `styleforge.json` has no `evaluation`. */
export const EVALUATION_DEFAULTS: EvaluationDefaults = { prompts: 'general', extractor: 'inception-v3-fid', clip_extractor: 'clip' };

export const METRICS = ['fid', 'kid', 'clip'] as const;
export type Metric = (typeof METRICS)[number];

/** The extractors of metric names without an extractor. */
const USUAL: Record<Metric, Extractor> = { fid: 'inception-v3-fid', kid: 'inception-v3-fid', clip: 'clip' };

/** The name of a metric: `kid`, or `kid@mini-clip` with an extractor other than the usual one. */
export function metricName(metric: Metric, extractor: Extractor): string {
  return extractor === USUAL[metric] ? metric : `${metric}@${extractor}`;
}
