// The verdict of a report: its numbers in words for a reader who does not know the metrics.
import {
  isBaseAlone,
  LEAST_IMAGES_FOR_FID,
  type Report,
  type ReportMetric,
  type ReportModel,
  shownMetric,
  shownName,
  type VerdictOutcome,
} from '@styleforge/contracts';
import { nextSteps } from './next-steps.ts';
import { plural } from './numbers.ts';
import { type Axes, judge, promptMetric, sameMetric, styleMetric, TOOK_HOLD } from './outcome.ts';

export type Verdict = Report['verdict'];
type Judged = Omit<Report, 'verdict' | 'repeat'>;

/** Minimum number of images for a metric that is stable from one seed to the next. */
const FEW_IMAGES = 50;
/** Distances, by extractor, at which a base model already looks much like the reference, so that little can change. */
const NEAR_FROM_THE_START: Partial<Record<string, number>> = { 'kid@mini-clip': 0.012 };

export function reachVerdict(report: Judged): Verdict {
  const [model, ...others] = report.models as [ReportModel, ...ReportModel[]];
  const base = others.find(isBaseAlone);
  const axes = judge(model, base);
  return {
    ...axes,
    summary: axes.outcome === null || !base ? measuredSummary(model, base) : summaryOf[axes.outcome](axes, model, base),
    points: [
      ...others.filter((other) => other !== base).flatMap((other) => comparison(model, other)),
      ...diversityPoints(axes),
      ...overfittingPoints(report),
      ...tokenPoints(report),
    ],
    next: nextSteps(axes, report),
    cautions: cautions(report, model, base),
  };
}

const told = (metric: ReportMetric) => `${shownName(metric)} ${shownMetric(metric)}`;
const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** A metric next to the base model's: `kid@mini-clip ×1000 3.92, base model 35.66`. */
function against(metric: ReportMetric | undefined, base: ReportModel): string {
  const before = metric && sameMetric(base, metric);
  return metric && before ? `${told(metric)}, base model ${shownMetric(before)}` : '';
}

function gapSentence({ style_gap_closed: closed }: Axes, model: ReportModel, base: ReportModel): string {
  const numbers = against(styleMetric(model), base);
  if (closed === null) return '';
  return closed < 0
    ? `The images are farther from the reference than those of the base model (${numbers}).`
    : `The training closed ${percent(closed)} of the distance to the style (${numbers}).`;
}

function keptSentence({ prompt_following_kept: kept }: Axes, model: ReportModel, base: ReportModel): string {
  if (kept === null) return '';
  return `The images keep ${percent(Math.min(1, kept))} of the base model's prompt following (${against(promptMetric(model), base)}).`;
}

function nearSentence(model: ReportModel, base: ReportModel): string {
  const metric = styleMetric(model);
  const before = metric && sameMetric(base, metric);
  const limit = metric && NEAR_FROM_THE_START[metric.name];
  return before && limit !== undefined && before.value <= limit
    ? 'The base model was close to this style from the start, so the visible change is small.'
    : '';
}

const sentences = (...parts: string[]): string => parts.filter((part) => part !== '').join(' ');

const summaryOf: Record<VerdictOutcome, (axes: Axes, model: ReportModel, base: ReportModel) => string> = {
  took_hold: (axes, model, base) =>
    sentences(
      (axes.style_gap_closed ?? 1) < TOOK_HOLD ? 'The style took hold in part.' : 'The style took hold.',
      gapSentence(axes, model, base),
      keptSentence(axes, model, base),
      nearSentence(model, base),
    ),
  subjects_suffer: (axes, model, base) =>
    sentences('The style took hold, but subjects suffer.', gapSentence(axes, model, base), keptSentence(axes, model, base)),
  collapsed: (axes, model, base) =>
    sentences(
      'The model collapsed: most images no longer show what their prompts ask for.',
      keptSentence(axes, model, base),
      gapSentence(axes, model, base),
      (axes.style_gap_closed ?? 0) < 0
        ? 'Colors and lines of the style can still be visible.'
        : 'A small distance to the style says nothing when the subjects are gone.',
    ),
  did_not_take_hold: (axes, model, base) =>
    sentences('The style did not take hold.', gapSentence(axes, model, base), keptSentence(axes, model, base)),
};

/** The values without a judgment, if there is nothing to compare with. */
function measuredSummary(model: ReportModel, base: ReportModel | undefined): string {
  const [style, prompts] = [styleMetric(model), promptMetric(model)];
  const compared = (metric: ReportMetric): string => (base && against(metric, base)) || told(metric);
  const near = base && style && sameMetric(base, style) ? ' The base model cannot be told from the style by this measure.' : '';
  return sentences(
    style ? `Distance of the images to the reference: ${compared(style)}; lower is closer, 0 would be the same style.${near}` : '',
    prompts ? `Prompt following: ${compared(prompts)}; higher is better.` : '',
  );
}

function diversityPoints({ diversity_kept: kept }: Axes): string[] {
  return kept === null || kept >= 0.6 ? [] : [`The images have grown alike: their diversity is ${percent(kept)} of the base model's.`];
}

type Outcome = 'better' | 'worse' | 'unclear';

/** Whether the first metric is better than the second. This is clear only if neither interval contains the other value. */
function compareMetrics(first: ReportMetric, second: ReportMetric): Outcome {
  const difference = first.better === 'lower' ? second.value - first.value : first.value - second.value;
  const holds = ({ interval }: ReportMetric, value: number) => interval !== null && value >= interval.low && value <= interval.high;
  if (difference === 0 || holds(first, second.value) || holds(second, first.value)) return 'unclear';
  return difference > 0 ? 'better' : 'worse';
}

function comparison(model: ReportModel, other: ReportModel): string[] {
  const words: Record<Outcome, string> = { better: 'better', worse: 'worse', unclear: 'not clearly different' };
  const parts = [
    [styleMetric(model), 'in style'],
    [promptMetric(model), 'in following the prompts'],
  ] as const;
  const told = parts.flatMap(([metric, what]) => {
    const theirs = metric && sameMetric(other, metric);
    return theirs
      ? [`${words[compareMetrics(metric, theirs)]} ${what} (${shownName(metric)} ${shownMetric(metric)} against ${shownMetric(theirs)})`]
      : [];
  });
  return told.length === 0 ? [] : [`Compared with ${other.label}: ${told.join(', ')}.`];
}

function overfittingPoints({ overfitting }: Judged): string[] {
  const seen = overfitting.filter(({ present }) => present === true);
  const ran = overfitting.filter(({ present }) => present !== null).length;
  if (overfitting.length === 0) return [];
  const missing = overfitting.length - ran;
  const rest = missing === 0 ? '' : ` There was not enough data to run the other ${missing === 1 ? 'one' : missing}.`;
  const checks = `${ran} of ${overfitting.length} overfitting checks ran`;
  if (seen.length === 0) return [`${checks}${ran === 0 ? '.' : `; ${noneFired[ran] ?? 'none'} fired.`}${rest}`];
  return [`${checks}; ${seen.length} fired: ${seen.map(({ explanation }) => explanation).join(' ')}${rest}`];
}

const noneFired: Record<number, string> = { 1: 'it has not', 2: 'neither' };

function tokenPoints({ token_disentanglement: tokens }: Judged): string[] {
  if (tokens === null) return [];
  const weak = tokens.components.filter(({ selectivity: { value, standard_error } }) => value <= 2 * (standard_error ?? 0));
  if (weak.length === 0) return ['Each token brings out its own component more than the others.'];
  return [`The token of ${weak.map(({ name }) => name).join(' and of ')} does not clearly bring out its own component.`];
}

function cautions({ models, reference, training }: Judged, model: ReportModel, base: ReportModel | undefined): string[] {
  const fid = model.metrics.find(({ metric }) => metric === 'fid');
  const generated = model.metrics[0]?.generated ?? 0;
  const fewest = Math.min(generated, reference?.count ?? generated);
  const found = [
    ...(fid && Math.min(fid.generated, fid.reference ?? 0) < LEAST_IMAGES_FOR_FID
      ? [
          `FID needs ${LEAST_IMAGES_FOR_FID} or more images on each side, and this report has ` +
            `${Math.min(fid.generated, fid.reference ?? 0)}: its value is too high. KID has no such bias and is shown first.`,
        ]
      : []),
    ...(fewest > 0 && fewest < FEW_IMAGES
      ? [
          fewest === reference?.count
            ? `Only ${plural(fewest, 'reference image')}: expect these numbers to move with different prompts or seeds.`
            : `Only ${plural(fewest, 'generated image')}: expect these numbers to move with different prompts or seeds.`,
        ]
      : []),
    ...(reference?.trained_on
      ? [
          'The reference images are the ones that the model was trained on, so copies of them score well. Other images ' +
            'of the same style are a better reference.',
        ]
      : []),
    ...overlapCaution(model, base),
    ...(models.length === 1 && training
      ? [`The model was not compared with another one. Request compare_with: ["base"] to see what the training changed.`]
      : []),
  ];
  const known = ['fid-biased', 'few-images'];
  return [
    ...found,
    ...new Set(models.flatMap(({ warnings }) => warnings.filter(({ code }) => !known.includes(code)).map(({ message }) => message))),
  ];
}

function overlapCaution(model: ReportModel, base: ReportModel | undefined): string[] {
  const metric = styleMetric(model);
  const before = base && metric && sameMetric(base, metric);
  if (!before || compareMetrics(metric, before) !== 'unclear') return [];
  return [`The intervals of ${shownName(metric)} overlap: the difference from the base model may be chance.`];
}
