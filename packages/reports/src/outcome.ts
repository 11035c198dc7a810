// The outcome of a training on two axes: how much of the distance to the style was closed, and how much of the prompt following was kept.
import type { Report, ReportMetric, ReportModel, VerdictOutcome } from '@styleforge/contracts';

export type Axes = Pick<Report['verdict'], 'outcome' | 'style_gap_closed' | 'prompt_following_kept' | 'diversity_kept'>;

/** Shares of the distance from which the style took hold in part, and fully. */
const TOOK_HOLD_IN_PART = 0.2;
export const TOOK_HOLD = 0.5;
/** Share of the prompt following below which subjects suffer. */
const SUBJECTS_SUFFER = 0.75;
/** Share of the prompt following below which hardly any subjects are left. */
const COLLAPSED = 0.4;
/** Shares below which the images are too much alike and have also lost prompts, such as one square for every prompt. */
const ALIKE = { diversity: 0.6, prompts: 0.7 } as const;
/** Share of the prompt following below which images that also moved away from the style count as collapsed. */
const LOST_BOTH = 0.7;

/** The metric that decides: KID if it was measured. */
export function styleMetric({ metrics }: ReportModel): ReportMetric | undefined {
  return metrics.find(({ metric }) => metric === 'kid') ?? metrics.find(({ metric }) => metric === 'fid');
}

export const promptMetric = ({ metrics }: ReportModel): ReportMetric | undefined => metrics.find(({ metric }) => metric === 'clip');
export const sameMetric = ({ metrics }: ReportModel, { name }: ReportMetric): ReportMetric | undefined =>
  metrics.find((metric) => metric.name === name);

/** The share of the distance that was closed. Null if the base model's distance cannot be distinguished from 0. */
function gapClosed(model: ReportModel, base: ReportModel): number | null {
  const after = styleMetric(model);
  const before = after && sameMetric(base, after);
  if (!before || before.value <= 0 || (before.interval !== null && before.interval.low <= 0)) return null;
  return Math.min(1, (before.value - after.value) / before.value);
}

/** The share of the prompt following that was kept, above chance: the base model's score for the prompts of other images. */
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
