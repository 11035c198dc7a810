// What somebody wants of a run without stopping it: it is made after the step that is under way.
import { type SampleConfig } from './validation.ts';

export type RunRequest = { readonly id: number } & (
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'sample'; readonly config: SampleConfig }
);

export interface RunRequests {
  /** Requests that have come since the last call. */
  take(): readonly RunRequest[];
  /** Called when the checkpoint or the images are stored where `onCheckpoint` and `onValidation` have put them. */
  met(request: RunRequest, step: number): Promise<void>;
}
