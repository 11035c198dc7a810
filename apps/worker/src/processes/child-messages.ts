// Hears what a child process says. One that says something unreadable is another program than it should be, and ends.
import type { ChildProcess } from 'node:child_process';
import { z } from 'zod';

export class UnreadableMessageError extends Error {
  override name = 'UnreadableMessageError';

  /** `process`: whose message it is, as in "the job's process". */
  constructor(process: string, cause: z.ZodError) {
    super(
      `${process} said something that the worker does not understand; were its files changed while the worker ran? Start the worker again.\n${z.prettifyError(cause)}`,
      { cause },
    );
  }
}

export interface Listener<Message> {
  /** As in "the job's process". */
  name: string;
  schema: z.ZodType<Message>;
  onMessage(message: Message): void;
  /** The child has been killed. */
  onUnreadable(error: UnreadableMessageError): void;
}

export function listenTo<Message>(child: ChildProcess, { name, schema, onMessage, onUnreadable }: Listener<Message>): void {
  child.on('message', (received) => {
    const parsed = schema.safeParse(received);
    if (parsed.success) return onMessage(parsed.data);
    child.kill('SIGKILL');
    onUnreadable(new UnreadableMessageError(name, parsed.error));
  });
}
