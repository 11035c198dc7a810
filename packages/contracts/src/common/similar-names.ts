// Names that a misspelt name may stand for.

/** `trainBatchSize` and `train-batch-size` -> `train_batch_size` */
const plain = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[\s.-]+/g, '_')
    .toLowerCase();

/** Number of letters to insert, delete, replace or swap with their neighbour to get from one name to the other. */
function editDistance(from: string, to: string): number {
  let [beforeLast, last]: number[][] = [[], Array.from({ length: to.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = from[i - 1] === to[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + changed);
      if (from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length];
}

/** Names that differ more than this are not similar. */
const LIMIT = 1 / 3;
/** Difference of two names, if all words of one are words of the other. */
const CONTAINED = 1 / 4;

/** Share of the letters to change before a name is the other one; less where one name contains all words of the other. */
function difference(given: string, known: string): number {
  if (given === known) return 0;
  const letters = editDistance(given, known) / Math.max(given.length, known.length);
  const [words, others] = [new Set(given.split('_')), new Set(known.split('_'))];
  const shared = [...words].filter((word) => others.has(word)).length;
  return shared === Math.min(words.size, others.size) ? Math.min(letters, CONTAINED) : letters;
}

/** The known names that are most similar to a name: several where they are equally similar, none where no name is similar. */
export function similarNames(name: string, known: readonly string[]): readonly string[] {
  const given = plain(name);
  const differences = known.map((candidate) => {
    const last = plain(candidate.slice(candidate.lastIndexOf('.') + 1));
    return { candidate, difference: difference(given, last) };
  });
  const least = Math.min(...differences.map((entry) => entry.difference));
  if (least > LIMIT) return [];
  return differences.filter((entry) => entry.difference === least).map(({ candidate }) => candidate);
}
