// Blind vote between two images of the same prompt in random order, by key or click. The report shows the result.
import type { EvaluationImage, EvaluationVote, EvaluationVotes } from '@styleforge/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { useEdited, useEdits } from '../../data/edits.ts';
import { useClient } from '../../data/session.ts';
import { Empty, Failure, Loading } from '../../ui/parts.tsx';
import { Picture } from '../../ui/picture.tsx';
import { VoteResult } from './vote-result.tsx';

type Preferred = EvaluationVote['preferred'];
const SIDES = ['first', 'second'] as const;

/** The same pair has the same order after a reload. */
export function isSwapped(id: string, index: number): boolean {
  let hash = index * 7919;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) | 0;
  return ((hash >>> 7) & 1) === 1;
}

const isSamePair = (a: EvaluationVote, b: EvaluationVote): boolean => a.index === b.index && a.first === b.first && a.second === b.second;

const keyOf = (id: string) => ['votes', id];

function useVote(id: string, { own }: EvaluationVotes): (vote: EvaluationVote | null) => void {
  const client = useClient();
  const queries = useQueryClient();
  const edit = useEdits<EvaluationVotes>(keyOf(id));
  return (vote) =>
    edit({
      of: (vote ? [vote] : own).map(({ index, first, second }) => `${id} ${index} ${first} ${second}`),
      send: () => (vote ? client.evaluations.setVotes(id, [vote]) : client.evaluations.clearVotes(id)),
      apply: (votes) => ({ ...votes, own: vote ? [...votes.own.filter((one) => !isSamePair(one, vote)), vote] : [] }),
      refusal: 'The vote was not stored',
      onShown: () => queries.invalidateQueries({ queryKey: ['evaluation-report', id] }),
    });
}

type Props = { id: string; labels: string[]; rows: EvaluationImage[][] };

export function BlindVote({ id, labels, rows }: Props): ReactElement {
  const client = useClient();
  const votes = useQuery({ queryKey: keyOf(id), queryFn: ({ signal }) => client.evaluations.votes(id, { signal }) });
  if (votes.error) return <Failure error={votes.error} what="Votes" />;
  if (!votes.data) return <Loading />;
  if (labels.length < 2 || rows.length === 0) {
    return (
      <Empty title="Nothing to vote on" icon="chart">
        <p>A blind vote needs an evaluation of at least two models with finished images.</p>
        <Link className="button primary" href="/evaluations?new=1">
          New evaluation
        </Link>
      </Empty>
    );
  }
  return <Ballot id={id} labels={labels} rows={rows} stored={votes.data} />;
}

function Ballot({ id, labels, rows, stored }: Props & { stored: EvaluationVotes }): ReactElement {
  const votes = useEdited(keyOf(id), stored);
  const vote = useVote(id, votes);
  const [second, setSecond] = useState(1);
  const own = votes.own.filter((one) => one.first === 0 && one.second === second);
  const open = rows.filter((row) => !own.some(({ index }) => index === row[0]!.index));
  // the service counts only stored votes
  const isCounted = votes === stored;
  return (
    <div className="stack">
      {labels.length > 2 && <PairPicker labels={labels} second={second} onSecond={setSecond} />}
      {open[0] && (
        <Pair
          key={`${open[0][0]!.index} ${second}`}
          images={open[0].filter(({ model }) => model === 0 || model === second)}
          isTurned={isSwapped(`${id} ${second}`, open[0][0]!.index)}
          progress={`${own.length} of ${rows.length} voted`}
          onVote={(preferred) => vote({ index: open[0]![0]!.index, first: 0, second, preferred })}
        />
      )}
      {!open[0] && (isCounted ? <VoteResult tally={votes.tally} labels={labels} /> : <Loading />)}
      {votes.own.length > 0 && (
        <div>
          <button type="button" className="button quiet small" onClick={() => vote(null)}>
            Remove my votes
          </button>
        </div>
      )}
    </div>
  );
}

function PairPicker({ labels, second, onSecond }: { labels: string[]; second: number; onSecond(second: number): void }): ReactElement {
  return (
    <label className="field narrow-field">
      <span>Compare {labels[0]} with</span>
      <select className="select" value={second} onChange={(event) => onSecond(Number(event.target.value))}>
        {labels.slice(1).map((label, at) => (
          <option key={label} value={at + 1}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

type PairProps = { images: EvaluationImage[]; isTurned: boolean; progress: string; onVote(preferred: Preferred): void };

/** Shows only the subject, because the style words would reveal the model. */
const subjectOf = (images: EvaluationImage[]): string => images.map(({ prompt }) => prompt).sort((a, b) => a.length - b.length)[0] ?? '';

function Pair({ images, isTurned, progress, onVote }: PairProps): ReactElement {
  const byModel = images.toSorted((a, b) => a.model - b.model);
  const shown = SIDES.map((side, at) => ({ side, image: byModel[at]! }));
  if (isTurned) shown.reverse();
  useEffect(() => {
    const votes: Partial<Record<string, Preferred>> = { ArrowLeft: shown[0]!.side, ArrowRight: shown[1]!.side, ArrowDown: null };
    const onKey = (event: KeyboardEvent) => {
      const vote = votes[event.key];
      if (vote === undefined || (event.target instanceof HTMLElement && event.target.matches('input, select, textarea'))) return;
      // the down key would scroll the page
      event.preventDefault();
      onVote(vote);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  return (
    <>
      <p>
        <strong>{subjectOf(images)}</strong>: which one is better?{' '}
        <span className="soft">
          Press the better image<span className="keys-only">, or the left or right arrow key; the down key is for no difference</span>.
        </span>
      </p>
      <div className="vote">
        {shown.map(({ side, image }, at) => (
          <button key={side} type="button" className="tile-button" onClick={() => onVote(side)}>
            <Picture path={image.url} alt={at === 0 ? 'Left image' : 'Right image'} width={image.width} />
          </button>
        ))}
      </div>
      <div className="row">
        <button type="button" className="button" onClick={() => onVote(null)}>
          No difference
        </button>
        <span className="small soft num">{progress}</span>
      </div>
    </>
  );
}
