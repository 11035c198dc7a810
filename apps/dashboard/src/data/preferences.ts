// Preferences stored in this browser: defaults of the forms, and the user's presets.
import { useSyncExternalStore } from 'react';
import type { TrainingJobCreateParams } from '@styleforge/sdk';

export interface OwnPreset {
  name: string;
  request: Partial<TrainingJobCreateParams>;
}

export interface Preferences {
  baseModel: string;
  prompts: string;
  samplePrompts: string;
  ownPresets: OwnPreset[];
}

const KEY = 'styleforge.preferences';
export const DEFAULTS: Preferences = {
  baseModel: '',
  prompts: 'woman\nhouse',
  samplePrompts: ['woman', 'house', 'bear', 'mushroom'].map((subject) => `a photo of [V] style, ${subject}`).join('\n'),
  ownPresets: [],
};

const listeners = new Set<() => void>();
let known: { text: string | null; value: Preferences } | undefined;

/** Unreadable preferences are ignored. */
export function readPreferences(): Preferences {
  const text = localStorage.getItem(KEY);
  if (known?.text === text) return known.value;
  let stored: Partial<Preferences> = {};
  try {
    stored = JSON.parse(text ?? '{}') as Partial<Preferences>;
  } catch {
    localStorage.removeItem(KEY);
  }
  known = { text, value: { ...DEFAULTS, ...stored } };
  return known.value;
}

export function changePreferences(change: Partial<Preferences>): void {
  localStorage.setItem(KEY, JSON.stringify({ ...readPreferences(), ...change }));
  for (const listener of listeners) listener();
}

export const usePreferences = (): Preferences =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, readPreferences);
