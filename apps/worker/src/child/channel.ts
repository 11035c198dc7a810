// The child process's side of the channel to its parent.
import { createLogger } from '@styleforge/telemetry';
import type { z } from 'zod';
import type { MessageFromChild } from '../processes/messages.ts';

export function send(message: object): Promise<void> {
  return new Promise((done, fail) => {
    process.send?.(message, undefined, undefined, (error) => (error ? fail(error) : done()));
  });
}

/** Ends the process, with a line in the log, when the parent sends an unreadable message. */
export function listen<Message>(schema: z.ZodType<Message>, onMessage: (message: Message) => void): void {
  process.on('message', (received) => {
    const parsed = schema.safeParse(received);
    if (parsed.success) return onMessage(parsed.data);
    createLogger({ name: 'child', level: 'info' }).fatal(
      { err: parsed.error },
      'the worker sent a message that this process cannot read; the process ends; restart the worker',
    );
    process.exit(1);
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
