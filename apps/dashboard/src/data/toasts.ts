// Short messages in the corner: completed actions with undo, and failures with their request id.
import { APIError } from '@styleforge/sdk';
import { useSyncExternalStore } from 'react';

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
  const fields = error instanceof APIError ? error.errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).slice(0, 3) : [];
  const detail = error instanceof APIError ? [error.detail, ...fields].join('\n') : error instanceof Error ? error.message : String(error);
  notify({ title, detail, requestId: error instanceof APIError ? error.requestId : undefined, isError: true });
}

export function useToasts(): Toast[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
}
