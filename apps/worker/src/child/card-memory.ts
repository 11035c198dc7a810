// Measures how much of a card's memory a training takes: the free memory before its first allocation minus the free memory now.
import { describeDevice, type DeviceName } from '@styleforge/runtime';
import { type MemoryPlan } from '@styleforge/styleforge';

/** Free memory of a card; null for devices without their own memory. */
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

  /** `free` returns the number of free bytes on the card. */
  constructor(free: () => number | null) {
    this.#free = free;
  }

  /** Called before anything is allocated for the training. */
  planned({ freeBytes, recomputes }: Pick<MemoryPlan, 'freeBytes' | 'recomputes'>): void {
    this.#before = freeBytes;
    this.#recomputes = recomputes;
  }

  /** Called when the plan did not fit the card: discards the measurements made so far. */
  recomputes(): void {
    this.#recomputes = true;
    this.#peak = 0;
  }

  /** Bytes taken, including what other processes allocate meanwhile; null on devices without their own memory. */
  measure(): CardMemoryTaken | null {
    const free = this.#before === null ? null : this.#free();
    if (this.#before === null || free === null) return null;
    this.#peak = Math.max(this.#peak, this.#before - free);
    return { memoryBytes: this.#peak, recomputes: this.#recomputes };
  }
}
