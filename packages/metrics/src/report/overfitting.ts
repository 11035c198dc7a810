// Signs that a training lasted too long, as StyleForge's authors describe them: KID rises, CLIP score falls, images grow alike.
import type { Diversity, Memorisation } from '../distances/neighbors.ts';

/** One validation during the training. */
export interface ValidationPoint {
  readonly step: number;
  readonly kid?: number;
  /** Standard deviation over the subsets; a smaller rise counts as noise. */
  readonly kidStandardDeviation?: number;
  readonly clip?: number;
}

export type OverfittingSignName = 'kid-rising' | 'clip-falling' | 'low-diversity' | 'memorised-pictures';

export interface OverfittingSign {
  readonly sign: OverfittingSignName;
  /** Null if there is too little data. */
  readonly present: boolean | null;
  readonly explanation: string;
}

export interface OverfittingEvidence {
  readonly history?: readonly ValidationPoint[];
  readonly diversity?: Diversity | null;
  readonly memorisation?: Memorisation | null;
  /** CLIP score of the trained model's images. */
  readonly clip?: ClipEvidence | null;
  /** The same measures for the base model's images. */
  readonly base?: { readonly clip: ClipEvidence | null; readonly diversity: Diversity | null } | null;
}

export interface ClipEvidence {
  readonly value: number;
  readonly chance: number | null;
}

/** A turn from the best value by less than this share of the whole spread counts as noise. */
const noiseShare = 0.1;
/** Diversity, as a share of the reference images', below which generated images are too much alike. */
const lowDiversityRatio = 0.7;
/** Diversity, as a share of the base model's, below which generated images are too much alike. */
const lowDiversityAgainstBase = 0.6;
/** Share of the base model's CLIP score above chance, below which the score has clearly fallen. */
const fallenClipShare = 0.75;
/** Share of images that may be close to a training image by chance. */
const memorisedShareLimit = 0.05;

interface Turn {
  readonly bestStep: number;
  readonly best: number;
  readonly last: number;
  readonly worse: boolean;
}

/** Whether the last two of `points` are both clearly worse than the best before them; undefined for fewer than three points. */
function turnOf(points: readonly { step: number; value: number; noise: number }[], sign: 1 | -1): Turn | undefined {
  if (points.length < 3) return undefined;
  const best = points.reduce((found, point) => (sign * point.value < sign * found.value ? point : found));
  const values = points.map(({ value }) => value);
  const margin = Math.max(noiseShare * (Math.max(...values) - Math.min(...values)), 2 * best.noise);
  const worse = points.slice(-2).every((point) => point.step > best.step && sign * (point.value - best.value) > margin);
  return { bestStep: best.step, best: best.value, last: points.at(-1)!.value, worse };
}

const shown = (value: number): string => value.toPrecision(4);

function turnSign(sign: OverfittingSignName, label: string, verb: string, turn: Turn | undefined): OverfittingSign {
  if (!turn) return { sign, present: null, explanation: `${label} was measured at fewer than three steps of the training.` };
  const { best, bestStep, last, worse } = turn;
  const explanation = worse
    ? `${label} was best at step ${bestStep} (${shown(best)}) and ${verb} to ${shown(last)}.`
    : `${label} stayed good until the end: best ${shown(best)} at step ${bestStep}, last ${shown(last)}.`;
  return { sign, present: worse, explanation };
}

/** The sign from the CLIP score before and after training, if it was not measured often enough during the training. */
function clipBeforeAndAfter(after: ClipEvidence, before: ClipEvidence): OverfittingSign {
  const chance = Math.max(0, before.chance ?? 0);
  const present = after.value - chance < fallenClipShare * (before.value - chance);
  const explanation =
    `The CLIP score ${present ? 'fell from' : 'was'} ${shown(before.value)} before the training ` +
    `${present ? 'to' : 'and is'} ${shown(after.value)} after it.`;
  return { sign: 'clip-falling', present, explanation };
}

function clipSign({ clip, base }: OverfittingEvidence, turn: Turn | undefined): OverfittingSign {
  return !turn && clip && base?.clip ? clipBeforeAndAfter(clip, base.clip) : turnSign('clip-falling', 'The CLIP score', 'fell', turn);
}

function diversitySign(diversity: Diversity | null | undefined, base: Diversity | null | undefined): OverfittingSign {
  const sign = 'low-diversity';
  const compared = [
    ...(diversity && diversity.ratio !== null && diversity.reference !== null
      ? [{ what: 'the reference images', value: diversity.reference, low: diversity.ratio < lowDiversityRatio }]
      : []),
    ...(diversity && base && base.generated > 0
      ? [{ what: "the base model's", value: base.generated, low: diversity.generated / base.generated < lowDiversityAgainstBase }]
      : []),
  ];
  if (!diversity || compared.length === 0)
    return { sign, present: null, explanation: 'There are no reference images and no base model to compare the diversity with.' };
  const others = compared.map(({ what, value }) => `${what} ${shown(value)}`).join(', ');
  return {
    sign,
    present: compared.some(({ low }) => low),
    explanation: `Generated images are ${shown(diversity.generated)} apart on average, ${others}.`,
  };
}

function memorisationSign(memorisation: Memorisation | null | undefined): OverfittingSign {
  const sign = 'memorised-pictures';
  if (!memorisation) return { sign, present: null, explanation: 'The images were not compared with the training images.' };
  const { memorisedCount, memorisedShare, nearest } = memorisation;
  const explanation = `${memorisedCount} of ${nearest.length} images are three times nearer to one training image than to any other.`;
  return { sign, present: memorisedShare > memorisedShareLimit, explanation };
}

export function overfittingSigns(evidence: OverfittingEvidence): OverfittingSign[] {
  const { history = [], diversity, memorisation, base } = evidence;
  const kid = history.flatMap(({ step, kid: value, kidStandardDeviation: noise = 0 }) =>
    value === undefined ? [] : [{ step, value, noise }],
  );
  const clip = history.flatMap(({ step, clip: value }) => (value === undefined ? [] : [{ step, value, noise: 0 }]));
  return [
    turnSign('kid-rising', 'KID', 'rose', turnOf(kid, 1)),
    clipSign(evidence, turnOf(clip, -1)),
    diversitySign(diversity, base?.diversity),
    memorisationSign(memorisation),
  ];
}
