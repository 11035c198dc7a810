// Random choices determined by one seed, so that a failing run can be repeated.

export interface Choices {
  /** A number from 0 up to, but not including, `below`. */
  below(below: number): number;
  between(from: number, to: number): number;
  of<Item>(items: readonly Item[]): Item;
}

/** Mulberry32 (Tommy Ettinger): 32 bits of state are enough for a few thousand choices. */
export function seededChoices(seed: number): Choices {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => next() * limit;
  return {
    below,
    between: (from, to) => from + below(to - from),
    of: (items) => {
      const item = items[Math.floor(below(items.length))];
      if (item === undefined) throw new Error('there is nothing to choose from');
      return item;
    },
  };
}
