// Held-out pairs: (subject, style) combinations kept from training, whose subject is seen in the other base styles.
import { hashKey, unitOf } from './random.ts';
import type { BaseStyleId, StyleId } from './styles.ts';
import { baseStyles } from './styles.ts';
import type { Subject } from './subjects.ts';
import { listSubjects } from './subjects.ts';

export interface Pair {
  readonly subject: Subject;
  readonly style: BaseStyleId;
}

/** Share of the base pairs that is held out. A subject loses one base style at most. */
export const heldOutShare = 0.08;

export function isHeldOut(subject: Pick<Subject, 'unicodeKey'>, style: StyleId): boolean {
  const key = `held-out/${subject.unicodeKey}`;
  if (unitOf(key) >= heldOutShare * baseStyles.length) return false;
  return baseStyles[hashKey(`${key}/style`) % baseStyles.length] === style;
}

export function listHeldOutPairs(): Pair[] {
  return listSubjects().flatMap((subject) => (
    baseStyles.filter((style) => isHeldOut(subject, style)).map((style) => ({ subject, style }))
  ));
}
