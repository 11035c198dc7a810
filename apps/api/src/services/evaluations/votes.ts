// Blind votes of an evaluation: validates them against its images, and counts them for its report.
import { tallyVotes } from '@styleforge/contracts';
import type { EvaluationVotesBody, VoteBody } from '@styleforge/contracts';
import type { Database, EvaluationRow } from '@styleforge/database';
import { refusal } from '../../errors/api-error.ts';

const NONE = { voters: 0, votes: 0, pairs: [] };

export async function readVotes(database: Database, { id }: EvaluationRow, keyId: string): Promise<EvaluationVotesBody> {
  const rows = await database.evaluationVotes.list(id);
  const own = rows.filter(({ voter }) => voter === keyId).map(({ voter: _, ...vote }) => vote);
  return { evaluation_id: id, own, tally: tallyVotes(rows) ?? NONE };
}

/** Throws `validation_failed` for images and models that the evaluation does not have. */
export async function setVotes(database: Database, { id, config }: EvaluationRow, keyId: string, votes: VoteBody[]): Promise<void> {
  const images = new Set((await database.evaluations.listImages(id)).map(({ model, index }) => `${model} ${index}`));
  const errors = votes.flatMap((vote, at) =>
    (['first', 'second'] as const)
      .filter((side) => !images.has(`${vote[side]} ${vote.index}`))
      .map((side) =>
        vote[side] < config.models.length
          ? { pointer: `/votes/${at}/index`, detail: `model ${vote[side]} has no image ${vote.index}` }
          : { pointer: `/votes/${at}/${side}`, detail: `must be below ${config.models.length}, the number of models` },
      ),
  );
  if (errors.length > 0) throw refusal('validation_failed', errors);
  await database.evaluationVotes.set(id, keyId, votes);
}
