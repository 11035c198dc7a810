// The outcome of a training on two axes: how much of the gap to the style was closed, and how much of the prompt following is left.
import type { Report, ReportMetric, ReportModel, VerdictOutcome } from '@styleforge/contracts';

export type Axes = Pick<Report['verdict'], 'outcome' | 'style_gap_closed' | 'prompt_following_kept' | 'diversity_kept'>;

/** Share of the gap from which on the style took hold, in part and as a whole. */
const TOOK_HOLD_IN_PART = 0.2;
export const TOOK_HOLD = 0.5;
/** Share of the prompt following below which subjects suffer. */
const SUBJECTS_SUFFER = 0.75;
/** Share of the prompt following below which there are hardly any subjects left. */
const COLLAPSED = 0.4;
/** Shares below which the images have grown alike and have lost prompts too: one square for every prompt. */
const ALIKE = { diversity: 0.6, prompts: 0.7 } as const;
/** Share of the prompt following below which images that are also farther from the style than before have gained nothing for their loss. */
const LOST_BOTH = 0.7;

/** The distance to decide by: KID where it was measured. */
export function styleMetric({ metrics }: ReportModel): ReportMetric | undefined {
  return metrics.find(({ metric }) => metric === 'kid') ?? metrics.find(({ metric }) => metric === 'fid');
}

export const promptMetric = ({ metrics }: ReportModel): ReportMetric | undefined => metrics.find(({ metric }) => metric === 'clip');
export const sameMetric = ({ metrics }: ReportModel, { name }: ReportMetric): ReportMetric | undefined =>
  metrics.find((metric) => metric.name === name);

/** Null where the base model's own distance cannot be told from 0. */
function gapClosed(model: ReportModel, base: ReportModel): number | null {
  const after = styleMetric(model);
  const before = after && sameMetric(base, after);
  if (!before || before.value <= 0 || (before.interval !== null && before.interval.low <= 0)) return null;
  return Math.min(1, (before.value - after.value) / before.value);
}

/** Chance is what the base model's images score with prompts that are not theirs. */
function promptsKept(model: ReportModel, base: ReportModel): number | null {
  const after = promptMetric(model);
  const before = after && sameMetric(base, after);
  if (!before) return null;
  const chance = Math.max(0, before.chance ?? 0);
  return before.value <= chance ? null : Math.max(0, (after.value - chance) / (before.value - chance));
}

function diversityKept(model: ReportModel, base: ReportModel): number | null {
  const before = base.diversity?.generated ?? 0;
  return model.diversity === null || before <= 0 ? null : model.diversity.generated / before;
}

function decide(closed: number | null, kept: number | null, diversity: number | null): VerdictOutcome | null {
  const alike = diversity !== null && diversity < ALIKE.diversity && (kept === null || kept < ALIKE.prompts);
  const lostBoth = kept !== null && kept < LOST_BOTH && closed !== null && closed < 0;
  if (alike || lostBoth || (kept !== null && kept < COLLAPSED)) return 'collapsed';
  if (closed === null) return null;
  if (closed < TOOK_HOLD_IN_PART) return 'did_not_take_hold';
  return kept !== null && kept < SUBJECTS_SUFFER ? 'subjects_suffer' : 'took_hold';
}

export function judge(model: ReportModel, base: ReportModel | undefined): Axes {
  if (!base) return { outcome: null, style_gap_closed: null, prompt_following_kept: null, diversity_kept: null };
  const [closed, kept, diversity] = [gapClosed(model, base), promptsKept(model, base), diversityKept(model, base)];
  return {
    outcome: decide(closed, kept, diversity),
    style_gap_closed: closed,
    prompt_following_kept: kept,
    diversity_kept: diversity,
  };
}
