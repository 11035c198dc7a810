// Result of one case of a parity run, and measures of differences.

export interface CaseResult {
  case: string;
  max_abs: number | null;
  max_rel: number | null;
  tolerance: number;
  ok: boolean;
  [detail: string]: unknown;
}

export interface Difference {
  maxAbs: number;
  /** Largest difference divided by the reference's largest magnitude. */
  maxRel: number;
}

export interface Pair {
  name: string;
  ours: ArrayLike<number>;
  theirs: ArrayLike<number>;
}

export function largestMagnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}

export function compare(ours: ArrayLike<number>, theirs: ArrayLike<number>): Difference {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} values of ours against ${theirs.length} of the reference`);
  let maxAbs = 0;
  for (let i = 0; i < theirs.length; i++) {
    const difference = Math.abs(ours[i] - theirs[i]);
    maxAbs = Math.max(maxAbs, Number.isNaN(difference) ? Infinity : difference);
  }
  return { maxAbs, maxRel: maxAbs === 0 ? 0 : maxAbs / largestMagnitude(theirs) };
}

/** JSON cannot represent infinity. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function result(name: string, { maxAbs, maxRel }: Difference, tolerance: number, ok: boolean, details: object): CaseResult {
  return { case: name, max_abs: finite(maxAbs), max_rel: finite(maxRel), tolerance, ok, ...details };
}

/** Passes when the relative difference is within the tolerance. */
export function relativeCase(
  name: string,
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  tolerance: number,
  details = {},
): CaseResult {
  const difference = compare(ours, theirs);
  return result(name, difference, tolerance, difference.maxRel <= tolerance, details);
}

/** Passes when the absolute difference is within the tolerance. */
export function absoluteCase(
  name: string,
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  tolerance: number,
  details = {},
): CaseResult {
  const difference = compare(ours, theirs);
  return result(name, difference, tolerance, difference.maxAbs <= tolerance, details);
}

/** One case over many tensors, which are measured separately; the result names the worst. */
export function worstCase(name: string, pairs: Iterable<Pair>, tolerance: number, details = {}): CaseResult {
  let worst: Difference & { name: string } = { name: '', maxAbs: 0, maxRel: 0 };
  let count = 0;
  for (const { name: tensor, ours, theirs } of pairs) {
    const difference = compare(ours, theirs);
    if (count === 0 || difference.maxRel > worst.maxRel) worst = { name: tensor, ...difference };
    count++;
  }
  if (count === 0) throw new Error('the reference holds nothing to compare with');
  return result(name, worst, tolerance, worst.maxRel <= tolerance, { worst: worst.name, compared: count, ...details });
}

function failedCase(name: string, error: unknown): CaseResult {
  const message = error instanceof Error ? error.message : String(error);
  return { case: name, max_abs: null, max_rel: null, tolerance: 0, ok: false, error: message };
}

/** Wraps a generator of cases: if it throws, its last case reports why, and the following cases still run. */
export async function* guarded(name: string, cases: AsyncGenerator<CaseResult>): AsyncGenerator<CaseResult> {
  try {
    yield* cases;
  } catch (error) {
    yield failedCase(name, error);
  }
}
