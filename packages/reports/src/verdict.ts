// What the numbers of a report mean, in words for somebody who has never heard of them.
import {
  LEAST_IMAGES_FOR_FID,
  METHOD_TITLES,
  type Report,
  type ReportMetric,
  type ReportModel,
  shownMetric,
  shownName,
} from '@styleforge/contracts';
import { plural } from './numbers.ts';

export type Verdict = Report['verdict'];
type Judged = Omit<Report, 'verdict' | 'repeat'>;

/** Below so many images a metric moves a lot from one seed to the next. */
const FEW_IMAGES = 50;

export function reachVerdict(report: Judged): Verdict {
  const [model, ...others] = report.models as [ReportModel, ...ReportModel[]];
  const base = others.find(({ checkpoint_id }) => checkpoint_id === null);
  return {
    summary: [styleSentence(model, base), promptSentence(model, base)].filter((sentence) => sentence !== null).join(' '),
    points: [
      ...others.filter((other) => other !== base).flatMap((other) => comparison(model, other)),
      ...overfittingPoints(report),
      ...tokenPoints(report),
    ],
    cautions: cautions(report, model),
  };
}

/** The distance to go by: KID where it is there. */
function styleMetric({ metrics }: ReportModel): ReportMetric | undefined {
  return metrics.find(({ metric }) => metric === 'kid') ?? metrics.find(({ metric }) => metric === 'fid');
}

const promptMetric = ({ metrics }: ReportModel) => metrics.find(({ metric }) => metric === 'clip');
const sameAs = ({ metrics }: ReportModel, { name }: ReportMetric) => metrics.find((metric) => metric.name === name);
const told = (metric: ReportMetric) => `${shownName(metric)} ${shownMetric(metric)}`;

type Outcome = 'better' | 'worse' | 'unclear';

/** Whether the first is better than the second: only where neither's interval holds the other's value is it clear. */
function compareMetrics(first: ReportMetric, second: ReportMetric): Outcome {
  const difference = first.better === 'lower' ? second.value - first.value : first.value - second.value;
  const holds = ({ interval }: ReportMetric, value: number) => interval !== null && value >= interval.low && value <= interval.high;
  if (difference === 0 || holds(first, second.value) || holds(second, first.value)) return 'unclear';
  return difference > 0 ? 'better' : 'worse';
}

function styleSentence(model: ReportModel, base: ReportModel | undefined): string | null {
  const metric = styleMetric(model);
  if (!metric) return null;
  const before = base && sameAs(base, metric);
  if (!before) return `The pictures are at a distance of ${told(metric)} from the reference pictures; 0 would be the same style.`;
  const numbers = `${shownName(metric)} ${shownMetric(metric)}, before training ${shownMetric(before)}; lower is closer`;
  switch (compareMetrics(metric, before)) {
    case 'better':
      return `The style took hold: the pictures are clearly closer to the reference style than those of the base model (${numbers}).`;
    case 'worse':
      return `The style did not take hold: the pictures are farther from the reference style than those of the base model (${numbers}).`;
    case 'unclear':
      return `The training made no clear difference to the style (${numbers}).`;
  }
}

function promptSentence(model: ReportModel, base: ReportModel | undefined): string | null {
  const metric = promptMetric(model);
  if (!metric) return null;
  const before = base && sameAs(base, metric);
  if (!before) return `How well they show what the prompts ask for: ${told(metric)}; higher is better.`;
  const numbers = `${shownName(metric)} ${shownMetric(metric)}, before ${shownMetric(before)}; higher is better`;
  switch (compareMetrics(metric, before)) {
    case 'better':
      return `They show what the prompts ask for better than before (${numbers}).`;
    case 'worse':
      return `They show what the prompts ask for less well than before (${numbers}).`;
    case 'unclear':
      return `They show what the prompts ask for about as well as before (${numbers}).`;
  }
}

function comparison(model: ReportModel, other: ReportModel): string[] {
  const words: Record<Outcome, string> = { better: 'better', worse: 'worse', unclear: 'not clearly different' };
  const parts = [
    [styleMetric(model), 'in style'],
    [promptMetric(model), 'in following the prompts'],
  ] as const;
  const told = parts.flatMap(([metric, what]) => {
    const theirs = metric && sameAs(other, metric);
    return theirs
      ? [`${words[compareMetrics(metric, theirs)]} ${what} (${shownName(metric)} ${shownMetric(metric)} against ${shownMetric(theirs)})`]
      : [];
  });
  return told.length === 0 ? [] : [`Compared with ${other.label}: ${told.join(', ')}.`];
}

function overfittingPoints({ overfitting }: Judged): string[] {
  const seen = overfitting.filter(({ present }) => present === true);
  if (seen.length > 0)
    return [`There are signs of overfitting: ${seen.map(({ explanation }) => explanation).join(' ')} Fewer steps may be better.`];
  return overfitting.some(({ present }) => present === false)
    ? ['No sign of overfitting was found among those that could be looked for.']
    : [];
}

function tokenPoints({ token_disentanglement: tokens }: Judged): string[] {
  if (tokens === null) return [];
  const weak = tokens.components.filter(({ selectivity: { value, standard_error } }) => value <= 2 * (standard_error ?? 0));
  if (weak.length === 0) return ['Each token brings out its own component more than the others.'];
  return [`The token of ${weak.map(({ name }) => name).join(' and of ')} does not clearly bring out its own component.`];
}

function cautions({ models, reference, training }: Judged, model: ReportModel): string[] {
  const fid = model.metrics.find(({ metric }) => metric === 'fid');
  const generated = model.metrics[0]?.generated ?? 0;
  const fewest = Math.min(generated, reference?.count ?? generated);
  const found = [
    ...(fid && Math.min(fid.generated, fid.reference ?? 0) < LEAST_IMAGES_FOR_FID
      ? [
          `FID needs ${LEAST_IMAGES_FOR_FID} images on each side or more, here there are ${Math.min(fid.generated, fid.reference ?? 0)}: it comes out too high. KID has no such bias, so it goes first.`,
        ]
      : []),
    ...(fewest > 0 && fewest < FEW_IMAGES
      ? [
          `Only ${plural(fewest, 'image')} on the smaller side: the numbers would change with other prompts, seeds or pictures. Look at the intervals.`,
        ]
      : []),
    ...(reference?.trained_on
      ? [
          'The reference pictures are the ones that the model was trained on, so that copying them would be rewarded. Other pictures of the same style are a better reference.',
        ]
      : []),
    ...(models.length === 1 && training
      ? [
          `Nothing was compared with it. Ask for compare_with: ["base"] or name a ${METHOD_TITLES.dreambooth} job to see what the training changed.`,
        ]
      : []),
  ];
  const known = ['fid-biased', 'few-images'];
  return [
    ...found,
    ...new Set(models.flatMap(({ warnings }) => warnings.filter(({ code }) => !known.includes(code)).map(({ message }) => message))),
  ];
}
