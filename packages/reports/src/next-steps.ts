// Advice after a verdict: settings and checkpoints that are worth trying, from the data of this training.
import type { Report, ReportTraining } from '@styleforge/contracts';
import { type Axes, TOOK_HOLD } from './outcome.ts';

/** Share of step 0's CLIP score below which a checkpoint is not recommended. */
const KEPT_AT_STEP = 0.8;

/** A rate with one significant digit, such as 3e-4. */
function shownRate(rate: number): string {
  return rate.toExponential(0).replace('e+0', '');
}

type Scores = ReportTraining['validations'][number]['scores'];
const scoreOf = (scores: Scores, metric: string): number | undefined =>
  Object.entries(scores).find(([name]) => name.split('@')[0] === metric)?.[1];

/** The earlier step that was closest to the style among those that still followed their prompts. */
function betterStep({ validations, steps, best }: ReportTraining): number | null {
  const first = validations.find(({ step }) => step === 0);
  const clipBefore = first && scoreOf(first.scores, 'clip');
  const fit = validations.filter(({ step, scores }) => {
    const clip = scoreOf(scores, 'clip');
    return step > 0 && step < steps && clip !== undefined && clipBefore !== undefined && clip >= KEPT_AT_STEP * clipBefore;
  });
  const distance = ({ scores }: (typeof fit)[number]): number => scoreOf(scores, 'kid') ?? scoreOf(scores, 'fid') ?? 0;
  if (fit.length > 0) return fit.reduce((found, point) => (distance(point) < distance(found) ? point : found)).step;
  return best !== null && best.step > 0 && best.step < steps ? best.step : null;
}

const earlierCheckpoint = (training: ReportTraining): string[] => {
  const step = betterStep(training);
  return step === null
    ? []
    : [`Use the checkpoint of step ${step}: it followed prompts better, or was closer to the style, than the last one.`];
};

const captions = ({ config }: ReportTraining): string[] =>
  config.hyperparameters.use_captions
    ? []
    : ['Add a caption to each StyleRef and Aux image and set use_captions: the token then learns the style alone, not the subjects.'];

function gentler({ config: { hyperparameters } }: ReportTraining): string[] {
  const { learning_rate: rate, max_train_steps: steps } = hyperparameters;
  return [
    `Try learning_rate ${shownRate(rate / 3)} instead of ${shownRate(rate)}.`,
    `Or try max_train_steps ${Math.max(1, Math.round(steps / 2))} instead of ${steps}.`,
  ];
}

/** Whether the images of the last validated step no longer followed their prompts: more steps at the same rate would lose the rest. */
function losesPrompts({ validations }: ReportTraining): boolean {
  const [before, after] = [validations.find(({ step }) => step === 0), validations.at(-1)].map((at) => at && scoreOf(at.scores, 'clip'));
  return before !== undefined && after !== undefined && after < KEPT_AT_STEP * before;
}

function longer(training: ReportTraining): string[] {
  const { learning_rate: rate, max_train_steps: steps } = training.config.hyperparameters;
  if (!losesPrompts(training)) return [`Train longer: max_train_steps ${2 * steps} instead of ${steps}.`];
  // Another rate moves along the same line between style and prompts (docs/experiments/paper-table.md); captions move the line.
  const advice = captions(training);
  const rates = `learning_rate ${shownRate(rate / 3)} and max_train_steps ${2 * steps}`;
  return advice.length > 0 ? advice : [`Train longer with a lower rate: ${rates}. At ${shownRate(rate)}, later steps lost the prompts.`];
}

const unvalidated = ({ validations }: ReportTraining): string[] =>
  validations.length > 0 ? [] : ['Ask for validation or early_stopping: an earlier checkpoint can be better than the last one.'];

export function nextSteps({ outcome, style_gap_closed }: Axes, { training, models }: Pick<Report, 'training' | 'models'>): string[] {
  if (training === null || outcome === null) return [];
  switch (outcome) {
    case 'collapsed':
      return [...earlierCheckpoint(training), ...gentler(training), ...captions(training), ...unvalidated(training)];
    case 'subjects_suffer':
      return [...earlierCheckpoint(training), ...captions(training), ...gentler(training).slice(0, 1)];
    case 'did_not_take_hold':
      return [...longer(training), 'Check that all StyleRef images share one style; 15 to 20 images work best.'];
    case 'took_hold': {
      const prompt = `${models[0]?.prompt_prefix ?? ''}a house`;
      const done = `Generate images with prompts such as "${prompt}".`;
      return style_gap_closed !== null && style_gap_closed < TOOK_HOLD ? [...longer(training), done] : [done];
    }
  }
}
