// Dynamic loss scaling (arXiv 1710.03740). float16 loses small gradients, so the loss is multiplied by a scale before the backward pass,
// and the gradients are divided by it afterwards.

/** torch.amp.GradScaler's constants. */
const FIRST = 2 ** 16;
const STEPS_BEFORE_GROWTH = 2000;
const SMALLEST = 1;

export interface LossScaleState {
  readonly value: number;
  /** Number of updates since the last change. */
  readonly steps: number;
}

export class LossScale {
  #state: LossScaleState = { value: FIRST, steps: 0 };

  get state(): LossScaleState {
    return this.#state;
  }

  restore(state: LossScaleState): void {
    this.#state = state;
  }

  get value(): number {
    return this.#state.value;
  }

  /** Records an update, and doubles the scale after 2,000 updates without an overflow. */
  succeeded(): void {
    const { value, steps } = this.#state;
    this.#state = steps + 1 < STEPS_BEFORE_GROWTH ? { value, steps: steps + 1 } : { value: 2 * value, steps: 0 };
  }

  /** Records an overflow and halves the scale. Returns false if the scale is already the smallest. */
  lower(): boolean {
    if (this.value <= SMALLEST) return false;
    this.#state = { value: this.value / 2, steps: 0 };
    return true;
  }
}
