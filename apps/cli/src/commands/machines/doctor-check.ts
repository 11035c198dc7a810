// The outcome of one of the doctor's checks.
export interface Check {
  name: string;
  status: 'ok' | 'failed' | 'skipped';
  detail: string;
  /** Shown unless the check has passed. */
  remedy?: string;
}
