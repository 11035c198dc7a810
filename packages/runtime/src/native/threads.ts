// How onnxruntime's threads wait for work.

/**
 * How long a waiting thread spins before it sleeps: 50 microseconds, longer than the gaps between operations. With onnxruntime's default
 * of a millisecond, two processes on one machine get a third less done. Without spinning, one process alone is a tenth slower
 * (docs/experiments/engine.md).
 */
export const THREAD_WAIT = { allow_spinning: '1', spin_duration_us: '50' };

/** Entries of a session's configuration by their full names. */
export const threadConfig = (wait: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(wait).map(([key, value]) => [`session.intra_op.${key}`, value]));
