// The form of a new training, kept while the tab is open: a look at another screen, or a reload, loses nothing.
import type { Draft } from './training-draft.ts';

const KEY = 'styleforge.new-training';

/** Null forgets it. */
export function keepDraft(draft: Draft | null): void {
  if (draft === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, JSON.stringify(draft));
}

/** Null: nothing was entered, or its base model is no longer installed. */
export function keptDraft(baseModels: string[]): Draft | null {
  const draft = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Draft | null;
  return draft !== null && baseModels.includes(draft.base_model) ? draft : null;
}
