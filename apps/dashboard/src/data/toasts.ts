// Short messages in the corner: completed actions with undo, and failures with their request id.
import { APIError } from '@styleforge/sdk';
import { errorsOf, problemOf } from './problems.ts';
import { useLayoutEffect, useState, useSyncExternalStore } from 'react';

export interface Toast {
  id: number;
  title: string;
  detail?: string;
  requestId?: string | undefined;
  isError?: boolean;
  undo?: () => void;
}

const SHOWN_MS = 7_000;
let toasts: Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function change(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function notify(toast: Omit<Toast, 'id'>): number {
  const id = ++lastId;
  change([...toasts.slice(-3), { ...toast, id }]);
  // An error stays until it is dismissed: its request id may have to be copied.
  if (!toast.isError) setTimeout(() => dismiss(id), SHOWN_MS);
  return id;
}

export const dismiss = (id: number): void => change(toasts.filter((toast) => toast.id !== id));

export function notifyError(title: string, error: unknown): void {
  const fields = errorsOf(error).map(problemOf);
  const whole = error instanceof APIError ? error.detail : error instanceof Error ? error.message : String(error);
  const detail = fields.length === 0 ? whole : [...new Set(fields)].slice(0, 3).join('\n');
  notify({ title, detail, requestId: error instanceof APIError ? error.requestId : undefined, isError: true });
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useToasts = (): Toast[] => useSyncExternalStore(subscribe, () => toasts);

let places: symbol[] = [];

/** Whether the caller is the last that can show messages: an open dialog covers and disables what is behind it. */
export function useTopPlace(): boolean {
  const [place] = useState(() => Symbol('place'));
  const move = (next: symbol[]) => {
    places = next;
    change(toasts);
  };
  useLayoutEffect(() => {
    move([...places, place]);
    return () => move(places.filter((other) => other !== place));
  }, []);
  return useSyncExternalStore(subscribe, () => places.at(-1) === place);
}
