// Blind votes on pairs of an evaluation's images: which one people prefer.
import { z } from 'zod';
import { evaluationId } from '../common/ids.ts';

const position = z.int().min(0).max(1000);
const index = z.int().min(0).max(1_000_000);

const vote = z
  .strictObject({
    index: index.describe('Index of the two images'),
    first: position.describe('Position of a model in `config.models`'),
    second: position.describe('Position of the other model, above `first`'),
    preferred: z.enum(['first', 'second']).nullable().describe('Which of the two images is better; null: no difference'),
  })
  .refine(({ first, second }) => first < second, {
    path: ['second'],
    message: 'must be larger than first, so that each pair has one name',
  });
export type VoteBody = z.infer<typeof vote>;

export const setVotesRequest = z
  .strictObject({
    votes: z
      .array(vote)
      .min(1)
      .max(1000)
      .refine(
        (votes) => new Set(votes.map((one) => `${one.index} ${one.first} ${one.second}`)).size === votes.length,
        'must name each pair of images once',
      ),
  })
  .meta({ id: 'SetVotesRequest', examples: [{ votes: [{ index: 0, first: 0, second: 1, preferred: 'first' }] }] });
export type SetVotesRequest = z.infer<typeof setVotesRequest>;

const pair = z.object({
  first: z.int().describe('Position of a model in `models`'),
  second: z.int(),
  first_preferred: z.int().describe('Number of votes'),
  second_preferred: z.int(),
  no_difference: z.int(),
});
export const voteTally = z
  .object({ voters: z.int().describe('Number of API keys that have voted'), votes: z.int(), pairs: z.array(pair) })
  .meta({ id: 'VoteTally' });
export type VoteTally = z.infer<typeof voteTally>;

export const evaluationVotes = z
  .object({
    evaluation_id: evaluationId,
    own: z.array(vote).describe('Votes of the calling API key'),
    tally: voteTally.describe('Votes of all API keys of the project'),
  })
  .meta({ id: 'EvaluationVotes' });
export type EvaluationVotesBody = z.infer<typeof evaluationVotes>;

/** Counts the votes; null if there are none. */
export function tallyVotes(votes: readonly (VoteBody & { voter: string })[]): VoteTally | null {
  if (votes.length === 0) return null;
  const pairs = new Map<string, z.infer<typeof pair>>();
  for (const { first, second, preferred } of votes) {
    const key = `${first} ${second}`;
    const counted = pairs.get(key) ?? { first, second, first_preferred: 0, second_preferred: 0, no_difference: 0 };
    counted[preferred === null ? 'no_difference' : (`${preferred}_preferred` as const)]++;
    pairs.set(key, counted);
  }
  const sorted = [...pairs.values()].sort((a, b) => a.first - b.first || a.second - b.second);
  return { voters: new Set(votes.map(({ voter }) => voter)).size, votes: votes.length, pairs: sorted };
}
