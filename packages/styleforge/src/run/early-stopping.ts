// Early stopping: the scores of the validations, the best of them, and when the training ends.
import { type EarlyStoppingConfig } from '../config.ts';

export interface ValidationScore {
  readonly step: number;
  readonly value: number;
}

export class EarlyStopping {
  readonly #config: EarlyStoppingConfig;
  readonly #scores: ValidationScore[];

  constructor(config: EarlyStoppingConfig, scores: readonly ValidationScore[] = []) {
    this.#config = config;
    this.#scores = [...scores];
  }

  get scores(): readonly ValidationScore[] {
    return this.#scores;
  }

  knows(step: number): boolean {
    return this.#scores.some((score) => score.step === step);
  }

  add(score: ValidationScore): void {
    this.#scores.push(score);
  }

  /** The first of the best scores, or the last that keeps `min_clip_share`. Step 0, which is the base model, does not count. */
  get best(): ValidationScore | null {
    return this.#lastKept ?? this.#firstBest;
  }

  get #firstBest(): ValidationScore | null {
    const isBetter = (a: ValidationScore, b: ValidationScore): boolean =>
      this.#config.metric === 'clip' ? a.value > b.value : a.value < b.value;
    return this.#scores.reduce<ValidationScore | null>(
      (best, score) => (score.step > 0 && (best === null || isBetter(score, best)) ? score : best),
      null,
    );
  }

  /** The last validation with at least `min_clip_share` of the base model's score. */
  get #lastKept(): ValidationScore | undefined {
    const share = this.#config.min_clip_share ?? null;
    const base = this.#scores.find(({ step }) => step === 0);
    if (share === null || base === undefined) return undefined;
    return this.#scores.findLast(({ step, value }) => step > 0 && value >= share * base.value);
  }

  /** Whether `patience` validations in a row followed the best one. */
  get isOver(): boolean {
    const { best } = this;
    const last = this.#scores.at(-1);
    if (best === null || last === undefined || last.step < this.#config.min_steps) return false;
    return this.#scores.filter(({ step }) => step > best.step).length >= this.#config.patience;
  }
}

export function finiteScore(scored: { score: number } | void): number {
  if (!scored || !Number.isFinite(scored.score)) throw new Error('early_stopping: the validation gave no score');
  return scored.score;
}
