// Candidates of a StyleDrop job: lists them, stores verdicts, and selects those of the second round.
import { METHOD_BINDINGS } from '@styleforge/contracts';
import type { CandidateBody, FeedbackBody, SelectionSettings } from '@styleforge/contracts';
import type { GeneratedImageRow, GenerationDetail, TrainingJobRow } from '@styleforge/database';
import type { ApiDependencies } from '../../dependencies.ts';
import { ApiError, notFound } from '../../errors/api-error.ts';
import { imageThumbnailUrl, imageUrl } from '../../presenters/links.ts';

export interface CandidatePool {
  job: TrainingJobRow;
  generation: GenerationDetail;
}

export interface Candidate {
  row: GeneratedImageRow;
  /** The prompt without the style. */
  subject: string;
}

/** Throws `not_found`, or `status_conflict` for a job that has no candidates. */
export async function findCandidates({ database }: ApiDependencies, projectId: string, jobId: string): Promise<CandidatePool> {
  const job = await database.trainingJobs.find(projectId, jobId);
  if (job === null) throw notFound('training job', jobId);
  const conflict = (why: string): ApiError => new ApiError('status_conflict', `The training job ${jobId} has no candidates: ${why}.`);
  if (!METHOD_BINDINGS[job.method].hasRounds) throw conflict(`its method is ${job.method}, not styledrop`);
  if (!job.config.styledrop?.candidates) throw conflict('it was created without styledrop.candidates');
  const id = job.result?.candidates?.generation_id;
  if (id === undefined) throw conflict(`it is ${job.status}; candidates are generated when the training has succeeded`);
  const generation = await database.generations.find(projectId, id);
  if (generation === null) throw conflict(`the generation ${id} that made them has been deleted`);
  return { job, generation };
}

export function candidatesOf({ generation: { config, images } }: CandidatePool): Candidate[] {
  return images.map((row) => ({ row, subject: config.scoring?.texts[Math.floor(row.index / config.num_images)] ?? row.prompt }));
}

/** Response body of `GET`, which is empty for a job without candidates. */
export async function readFeedback(dependencies: ApiDependencies, projectId: string, jobId: string): Promise<FeedbackBody> {
  try {
    return presentFeedback(await findCandidates(dependencies, projectId, jobId));
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'status_conflict') throw error;
    const counts = { keep: 0, drop: 0, undecided: 0 };
    return { training_job_id: jobId, generation_id: null, status: null, of: 0, counts, candidates: [] };
  }
}

export function presentFeedback(pool: CandidatePool): FeedbackBody {
  const { job, generation } = pool;
  const candidates = candidatesOf(pool);
  const count = (verdict: string | null): number => candidates.filter(({ row }) => row.verdict === verdict).length;
  return {
    training_job_id: job.id,
    generation_id: generation.id,
    status: generation.status,
    of: generation.config.prompts.length * generation.config.num_images,
    counts: { keep: count('keep'), drop: count('drop'), undecided: count(null) },
    candidates: candidates.map(presentCandidate),
  };
}

function presentCandidate({ row, subject }: Candidate): CandidateBody {
  const { id, index, prompt, clipScore, verdict, missingSince } = row;
  return {
    ...{ image_id: id, index, prompt, subject, clip_score: clipScore, verdict },
    ...{ missing: missingSince !== null, url: imageUrl(id), thumbnail_url: imageThumbnailUrl(id) },
  };
}

/** Candidates that the second round trains on. Throws `validation_failed` if there are none, or none yet. */
export function chooseCandidates(pool: CandidatePool, { by, per_prompt: perPrompt, seed }: SelectionSettings): Candidate[] {
  const { generation, job } = pool;
  const pointer = '/styledrop/selection';
  const refuse = (detail: string): never => {
    throw new ApiError('validation_failed', `${pointer}: ${detail}`, [{ pointer, detail }]);
  };
  if (generation.status !== 'succeeded')
    refuse(`the candidates of ${job.id} are ${generation.status}: wait for generation ${generation.id}`);
  const there = candidatesOf(pool).filter(({ row }) => row.missingSince === null);
  const chosen =
    by === 'human'
      ? there.filter(({ row }) => row.verdict === 'keep')
      : bestOfEach(there, by === 'clip' ? clipRank : randomRank(seed), perPrompt);
  if (chosen.length === 0)
    refuse(
      by === 'human'
        ? `no candidate has been kept: choose some with PUT /v1/training-jobs/${job.id}/feedback`
        : `no candidate of ${job.id} is left`,
    );
  return chosen;
}

type Rank = (candidate: Candidate) => number;

const clipRank: Rank = ({ row }) => row.clipScore ?? -Infinity;

/** A pseudo-random number for each candidate, from the seed and its place (the mixing function of MurmurHash3). */
const randomRank =
  (seed: number): Rank =>
  ({ row }) => {
    let mixed = (seed ^ Math.imul(row.index + 1, 0x9e3779b1)) >>> 0;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };

/** The highest-ranked candidates of each subject; of equally ranked ones, the first. */
function bestOfEach(candidates: readonly Candidate[], rank: Rank, count: number): Candidate[] {
  const subjects = [...new Set(candidates.map(({ subject }) => subject))];
  return subjects.flatMap((wanted) =>
    candidates
      .filter(({ subject }) => subject === wanted)
      .sort((a, b) => rank(b) - rank(a))
      .slice(0, count),
  );
}
