// Held-out pairs: combinations of subject and style that training does not see. It sees their subjects in the other base styles.
import { hashKey, unitOf } from './random.ts';
import type { StyleId } from './styles.ts';
import { baseStyles } from './styles.ts';
import type { Subject } from './subjects.ts';

/** Share of the base pairs that is held out. A subject loses at most one base style. */
const heldOutShare = 0.08;

export function isHeldOut(subject: Pick<Subject, 'unicodeKey'>, style: StyleId): boolean {
  const key = `held-out/${subject.unicodeKey}`;
  if (unitOf(key) >= heldOutShare * baseStyles.length) return false;
  return baseStyles[hashKey(`${key}/style`) % baseStyles.length] === style;
}
