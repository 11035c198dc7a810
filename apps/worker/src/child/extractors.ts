// The feature extractors that an evaluation needs.
import type { EvaluationStage, Extractor } from '@styleforge/contracts';
import { openConfiguredExtractor } from './configured-extractor.ts';

type Wanted = Pick<EvaluationStage, 'metrics' | 'extractor' | 'clip_extractor'>;

export function extractorsOf({ metrics, extractor, clip_extractor }: Wanted): Extractor[] {
  const comparesSets = metrics.includes('fid') || metrics.includes('kid');
  return [...new Set<Extractor>([...(comparesSets ? [extractor] : []), ...(metrics.includes('clip') ? [clip_extractor] : [])])];
}

/** Opens the extractors, so that no work is done for metrics that cannot be computed. Throws ExtractorNotConfiguredError. */
export async function requireExtractors(wanted: Wanted, extractorsDirectory: string, signal: AbortSignal): Promise<void> {
  for (const name of extractorsOf(wanted)) await (await openConfiguredExtractor({ name, extractorsDirectory, signal })).release();
}
