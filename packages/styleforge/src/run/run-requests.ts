// Requests to a run that do not stop it; they are fulfilled after the current step.
import { type SampleConfig } from './validation.ts';

export type RunRequest = { readonly id: number } & (
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'sample'; readonly config: SampleConfig }
);

export interface RunRequests {
  /** Returns the requests since the last call. */
  take(): readonly RunRequest[];
  /** Called when `onCheckpoint` or `onValidation` have stored the checkpoint or the images. */
  met(request: RunRequest, step: number): Promise<void>;
}
