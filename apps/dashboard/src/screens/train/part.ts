// Properties of every part of the form.
import type { Check, Draft } from '../../data/training-draft.ts';

export interface FormPart {
  draft: Draft;
  change(path: readonly string[], value: unknown): void;
  check: Check | undefined;
  defaults: Record<string, unknown>;
}
