// Which graphics cards CUDA shows to this process.

/** Indexes or UUIDs in CUDA's order; undefined where all cards are visible. */
export function visibleCards(env: NodeJS.ProcessEnv = process.env): string[] | undefined {
  const text = env['CUDA_VISIBLE_DEVICES'];
  return text === undefined || text.trim() === '' ? undefined : text.split(',').map((card) => card.trim());
}
