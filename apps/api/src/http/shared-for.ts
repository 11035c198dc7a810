// Shares one result among all calls within some time, for public results that are expensive to compute.

/** Failures are not cached: the next call tries again. */
export function sharedFor<Result>(milliseconds: number, work: () => Promise<Result>): () => Promise<Result> {
  let shared: Promise<Result> | undefined;
  let until = 0;
  return () => {
    if (shared !== undefined && performance.now() < until) return shared;
    until = performance.now() + milliseconds;
    const result = work();
    shared = result;
    result.catch(() => shared === result && (shared = undefined));
    return result;
  };
}
