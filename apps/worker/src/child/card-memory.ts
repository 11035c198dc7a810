// How much of a card's memory a training takes: what was free before it allocated anything, less what is free now.
import { describeDevice, type DeviceName } from '@styleforge/runtime';
import { type MemoryPlan } from '@styleforge/styleforge';

/** Free memory of a card; null for devices without memory of their own. */
export const freeOn = (device: DeviceName | undefined): number | null =>
  device === undefined ? null : (describeDevice(device)?.freeBytes ?? null);

export interface CardMemoryTaken {
  readonly memoryBytes: number;
  readonly recomputes: boolean;
}

export class CardMemory {
  readonly #free: () => number | null;
  #before: number | null = null;
  #peak = 0;
  #recomputes = false;

  /** `free`: bytes that the card has free now. */
  constructor(free: () => number | null) {
    this.#free = free;
  }

  /** Nothing is allocated for the training yet. */
  planned({ freeBytes, recomputes }: Pick<MemoryPlan, 'freeBytes' | 'recomputes'>): void {
    this.#before = freeBytes;
    this.#recomputes = recomputes;
  }

  /** The card turned out to be too full for what was planned; what was taken until then counts no longer. */
  recomputes(): void {
    this.#recomputes = true;
    this.#peak = 0;
  }

  /** null on devices without memory of their own. Memory that other processes take meanwhile counts as well: cards say only what is free. */
  measure(): CardMemoryTaken | null {
    const free = this.#before === null ? null : this.#free();
    if (this.#before === null || free === null) return null;
    this.#peak = Math.max(this.#peak, this.#before - free);
    return { memoryBytes: this.#peak, recomputes: this.#recomputes };
  }
}
