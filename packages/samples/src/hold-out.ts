// Held-out pairs: (subject, style) combinations kept from training, whose subject is seen in the other base styles.
import { hashKey, unitOf } from './random.ts';
import type { StyleId } from './styles.ts';
import { baseStyles } from './styles.ts';
import type { Subject } from './subjects.ts';

/** Share of the base pairs that is held out. A subject loses one base style at most. */
const heldOutShare = 0.08;

export function isHeldOut(subject: Pick<Subject, 'unicodeKey'>, style: StyleId): boolean {
  const key = `held-out/${subject.unicodeKey}`;
  if (unitOf(key) >= heldOutShare * baseStyles.length) return false;
  return baseStyles[hashKey(`${key}/style`) % baseStyles.length] === style;
}
