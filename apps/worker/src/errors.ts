// Error classes of the worker. Each has an entry in the table of failures.ts.
import type { FailureCode } from '@styleforge/contracts';
import { PermanentJobError } from '@styleforge/queue';
import { z } from 'zod';

/** The job cannot succeed with its request; the message says what to change. */
export class JobInputError extends PermanentJobError {
  override name = 'JobInputError';
  readonly code: FailureCode;

  constructor(message: string, code: FailureCode = 'invalid_input') {
    super(message);
    this.code = code;
  }
}

export class JobTimeoutError extends PermanentJobError {
  override name = 'JobTimeoutError';
}

/** An error that happened in a child process; `name` and `code` are the original's. */
export class TaskError extends Error {
  readonly code: string | undefined;

  constructor(original: { name: string; code?: string | undefined; message: string; stack?: string | undefined }) {
    super(original.message);
    this.name = original.name;
    this.code = original.code;
    if (original.stack) this.stack = original.stack;
  }
}

/** A newer version of the service wrote this work, and this worker lacks some of its settings. */
export class NewerSettingsError extends Error {
  override name = 'NewerSettingsError';

  constructor(settings: readonly string[], cause?: unknown) {
    const more = settings.length > 3 ? ` and ${settings.length - 3} more` : '';
    super(
      `this worker does not know ${settings.slice(0, 3).join(', ')}${more}: a worker of the version that created the job continues it`,
      {
        cause,
      },
    );
  }
}

/** A child process ended without a result. */
export class ProcessDiedError extends Error {
  override name = 'ProcessDiedError';
}

/** Workers have died repeatedly during the work. */
export class WorkerDiedError extends Error {
  override name = 'WorkerDiedError';
}

/** A child process sent a message that this worker does not understand. */
export class UnreadableMessageError extends Error {
  override name = 'UnreadableMessageError';

  /** `process`: whose message it is, as in "the job's process". */
  constructor(process: string, cause: z.ZodError) {
    super(
      `${process} sent a message that the worker does not understand; its files may have been changed while the ` +
        `worker ran. Restart the worker.\n${z.prettifyError(cause)}`,
      { cause },
    );
  }
}
