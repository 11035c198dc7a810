// The parent as a task in the child sees it.
import type {
  ChildRequest,
  DrawnImage,
  LocalCheckpoint,
  LocalClassImage,
  MessageFromChild,
  RawValidationImage,
  RecomputationBegun,
  ReconstructionMeasured,
  RequestMet,
  Validated,
  ValidationDone,
} from '../processes/messages.ts';

/** Messages that the parent confirms once it has stored their content. */
type Kept =
  | DrawnImage
  | RecomputationBegun
  | ReconstructionMeasured
  | Validated
  | LocalCheckpoint
  | LocalClassImage
  | RawValidationImage
  | ValidationDone
  | RequestMet;
type Unnumbered<Message> = Message extends Kept ? Omit<Message, 'number'> : never;

export interface Parent {
  /** Aborted when the parent asks the task to end early. */
  signal: AbortSignal;
  /** Requests of the parent since the last call. */
  takeRequests(): ChildRequest[];
  tell(message: MessageFromChild): Promise<void>;
  /** Resolves when the parent has stored the result. */
  tellAndWait(message: Unnumbered<Kept>): Promise<void>;
}
