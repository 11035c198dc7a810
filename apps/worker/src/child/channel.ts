// A child process's end of the line to its parent.
import type { MessageFromChild } from '../messages.ts';

export function send(message: object): Promise<void> {
  return new Promise((done, fail) => {
    process.send?.(message, undefined, undefined, (error) => (error ? fail(error) : done()));
  });
}

/** The process ends when its parent does, and only then: Ctrl-C in a terminal reaches the whole group, and the parent decides. */
export function staysWithParent(): void {
  process.on('disconnect', () => process.exit(1));
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
}

export function describe(error: unknown): Extract<MessageFromChild, { type: 'error' }> {
  if (!(error instanceof Error)) return { type: 'error', name: 'Error', message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  return { type: 'error', name: error.name, message: error.message, ...(code && { code }), ...(error.stack && { stack: error.stack }) };
}

export const isAbort = (error: unknown, signal: AbortSignal) =>
  signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));
