// The keep-or-drop board of a StyleDrop job: its candidates in rows by subject, judged by click or key, and the second round from there.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Feedback, TrainingJob, TrainingJobCreateParams } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useLocation } from 'wouter';
import { useOpened } from '../../data/address.ts';
import { useDefaults } from '../../data/defaults.ts';
import { useEdited, useEdits } from '../../data/edits.ts';
import { number } from '../../data/format.ts';
import { useGenerations } from '../../data/generations.ts';
import { jobName } from '../../data/jobs.ts';
import { plural } from '../../data/format.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { Lightbox } from '../../ui/lightbox.tsx';
import { Empty, Failure, Loading } from '../../ui/parts.tsx';
import { Picture } from '../../ui/picture.tsx';

type Candidate = Feedback['candidates'][number];
type Verdict = Candidate['verdict'];

const REFRESH_MS = 3_000;
const keyOf = (jobId: string) => ['feedback', jobId];
const isMaking = ({ status }: Feedback): boolean => status === 'queued' || status === 'running';

export function CandidatesTab({ job }: { job: TrainingJob }): ReactElement {
  const client = useClient();
  const { data, error } = useQuery({
    queryKey: keyOf(job.id),
    queryFn: ({ signal }) => client.trainingJobs.feedback(job.id, { signal }),
    refetchInterval: ({ state }) => (state.data && (isMaking(state.data) || state.data.status === null) ? REFRESH_MS : false),
  });
  if (error && !data) return <Failure error={error} what="The candidates" />;
  if (!data) return <Loading height={240} />;
  if (data.status === 'failed' && data.generation_id !== null) return <NoCandidates generationId={data.generation_id} />;
  if (data.candidates.length === 0)
    return (
      <Empty title={data.status === null ? 'No candidates yet' : `${data.of} candidates are being generated`}>
        <p>They are generated when the training has succeeded. You then keep the good ones, and the second round trains on them.</p>
      </Empty>
    );
  return <Board job={job} feedback={data} />;
}

function NoCandidates({ generationId }: { generationId: string }): ReactElement {
  const [result] = useGenerations([generationId]);
  const reason = result?.data?.error?.message;
  return (
    <p className="note bad" role="alert">
      The candidates could not be generated{reason ? `: ${reason}` : '.'}
    </p>
  );
}

function Board({ job, feedback }: { job: TrainingJob; feedback: Feedback }): ReactElement {
  const { candidates, counts, of } = useEdited(keyOf(job.id), feedback);
  const judge = useJudge(job.id);
  const subjects = [...new Set(candidates.map(({ subject }) => subject))];
  const [opened, onOpen] = useOpened('image');
  const shown = candidates.findIndex(({ image_id }) => image_id === opened);
  return (
    <section className="stack" aria-label="Candidates">
      <div className="row-apart">
        <p className="soft">
          {candidates.length === of ? plural(of, 'candidate') : `${candidates.length} of ${plural(of, 'candidate')}`}:{' '}
          <strong className="num">{counts.keep}</strong> kept, <strong className="num">{counts.drop}</strong> dropped. Keep about ten that
          show the style with different subjects.
        </p>
        <SecondRound job={job} kept={counts.keep} />
      </div>
      {subjects.map((subject) => (
        <div key={subject} className="stack">
          <h2 className="small">{subject}</h2>
          <ul className="candidates">
            {candidates
              .filter((candidate) => candidate.subject === subject)
              .map((candidate) => (
                <li key={candidate.image_id} className="candidate" data-verdict={candidate.verdict ?? 'undecided'}>
                  <CandidateCard
                    candidate={candidate}
                    onOpen={() => onOpen(candidate.image_id)}
                    onJudge={(verdict) => judge(candidate, verdict)}
                  />
                </li>
              ))}
          </ul>
        </div>
      ))}
      {shown >= 0 && <Enlarged {...{ candidates, judge, onOpen }} index={shown} />}
    </section>
  );
}

type EnlargedProps = {
  candidates: Candidate[];
  index: number;
  judge(candidate: Candidate, verdict: Verdict): void;
  onOpen(id: string | null): void;
};

/** One candidate in full size, with its verdict. */
function Enlarged({ candidates, index, judge, onOpen }: EnlargedProps): ReactElement {
  const candidate = candidates[index]!;
  return (
    <Lightbox
      items={candidates.map(({ url, subject, prompt }) => ({ path: url, title: subject, detail: prompt }))}
      index={index}
      onIndex={(next) => onOpen(candidates[next]!.image_id)}
      onClose={() => onOpen(null)}
      actions={<Verdicts candidate={candidate} onJudge={(verdict) => judge(candidate, verdict)} />}
    />
  );
}

function useJudge(jobId: string): (candidate: Candidate, verdict: Verdict) => void {
  const client = useClient();
  const edit = useEdits<Feedback>(keyOf(jobId));
  return ({ image_id, verdict: now }, wanted) => {
    const verdict = now === wanted ? null : wanted;
    edit({
      of: [image_id],
      send: () => client.trainingJobs.setFeedback(jobId, [{ image_id, verdict }]),
      apply: (feedback) => withVerdict(feedback, image_id, verdict),
      refusal: 'The verdict was not stored',
    });
  };
}

export function withVerdict(feedback: Feedback, id: string, verdict: Verdict): Feedback {
  const candidates = feedback.candidates.map((one) => (one.image_id === id ? { ...one, verdict } : one));
  const count = (of: Verdict): number => candidates.filter((one) => one.verdict === of).length;
  return { ...feedback, candidates, counts: { keep: count('keep'), drop: count('drop'), undecided: count(null) } };
}

type CardProps = { candidate: Candidate; onJudge(verdict: Verdict): void };

function CandidateCard({ candidate, onOpen, onJudge }: CardProps & { onOpen(): void }): ReactElement {
  const { index, prompt, clip_score, thumbnail_url } = candidate;
  return (
    <>
      <button type="button" className="tile-button" onClick={onOpen}>
        <Picture path={thumbnail_url} alt={`${prompt}, candidate ${index + 1}`} />
      </button>
      <div className="row-apart small">
        <span className="soft num">{clip_score === null ? 'No score yet' : `CLIP ${number(clip_score, 1)}`}</span>
        <Verdicts candidate={candidate} onJudge={onJudge} />
      </div>
    </>
  );
}

const VERDICTS = { keep: 'Keep', drop: 'Drop' } as const;

function Verdicts({ candidate: { index, verdict }, onJudge }: CardProps): ReactElement {
  return (
    <div className="row verdicts">
      {(['keep', 'drop'] as const).map((name) => (
        <button
          key={name}
          className="button small"
          type="button"
          aria-pressed={verdict === name}
          aria-label={`${VERDICTS[name]} candidate ${index + 1}`}
          onClick={() => onJudge(name)}
        >
          {VERDICTS[name]}
        </button>
      ))}
    </div>
  );
}

/** Trains on what was kept, with what was changed of the settings of the first round. */
export function secondRoundOf(job: TrainingJob, defaults: Record<string, unknown>): TrainingJobCreateParams {
  const { method, base_model, config } = job;
  const changed = Object.entries(config.hyperparameters).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]),
  );
  return {
    ...{
      method,
      base_model,
      adaptation: { kind: config.adaptation.kind },
      name: `${jobName({ ...job, suffix: config.suffix }).slice(0, 190)} (round 2)`,
    },
    styledrop: { round: 2, parent_job_id: job.id, selection: { by: 'human' } },
    hyperparameters: Object.fromEntries(changed),
  };
}

function SecondRound({ job, kept }: { job: TrainingJob; kept: number }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [, go] = useLocation();
  const { data: defaults } = useDefaults(job.method, job.base_model);
  const { mutate, isPending } = useMutation({
    mutationFn: () => client.trainingJobs.create(secondRoundOf(job, defaults ?? {})),
    onSuccess: (second) => {
      void queries.invalidateQueries({ queryKey: ['jobs'] });
      go(`/jobs/${second.id}`);
    },
    onError: (error) => notifyError('The second round was not started', error),
  });
  return (
    <button className="button primary" type="button" disabled={kept === 0 || isPending || !defaults} onClick={() => mutate()}>
      {isPending ? 'Starting round 2' : kept === 0 ? 'Keep some to train round 2' : `Train round 2 on ${kept}`}
    </button>
  );
}
