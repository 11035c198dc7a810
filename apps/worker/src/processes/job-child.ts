// A child process of jobs, whose messages go to the task that it runs.
import type { UnreadableMessageError } from '../errors.ts';
import { ChildHost } from './child-host.ts';
import { type MessageFromChild, messageFromChild, type MessageToChild } from './messages.ts';

export interface JobListener {
  onMessage(message: MessageFromChild): void;
  /** Called when the process has been killed. */
  onUnreadable(error: UnreadableMessageError): void;
}

export class JobChild extends ChildHost<MessageFromChild, MessageToChild> {
  readonly #listener: { current: JobListener | undefined };
  /** Whether the process has received its task. */
  hasBegun = false;

  constructor(env: NodeJS.ProcessEnv) {
    const listener: { current: JobListener | undefined } = { current: undefined };
    super({
      program: new URL('../child/main.ts', import.meta.url),
      name: "the job's process",
      env,
      schema: messageFromChild,
      onMessage: (message) => listener.current?.onMessage(message),
      onUnreadable: (error) => listener.current?.onUnreadable(error),
    });
    this.#listener = listener;
  }

  /** Passes all further messages to `listener`. A process sends none before it has a task. */
  listen(listener: JobListener): void {
    this.#listener.current = listener;
  }
}
