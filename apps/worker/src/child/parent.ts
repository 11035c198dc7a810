// The parent as a task in the child sees it.
import type { LocalCheckpoint, MessageFromChild, RawImage } from '../messages.ts';

export interface Parent {
  /** Aborted when the parent wants the task to end early. */
  signal: AbortSignal;
  tell(message: MessageFromChild): Promise<void>;
  /** Resolves when the parent has put the thing where it is safe. */
  tellAndWait(message: Omit<LocalCheckpoint, 'number'> | Omit<RawImage, 'number'>): Promise<void>;
}
