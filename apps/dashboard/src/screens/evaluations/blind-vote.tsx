// A blind vote: two images of the same prompt, left and right by chance; by key or click. The tally stays in this browser.
import type { EvaluationImage } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useEffect, useState } from 'react';
import { plural } from '../../data/format.ts';
import { Empty } from '../../ui/parts.tsx';
import { Picture } from '../../ui/picture.tsx';

type Vote = { index: number; winner: number | null };

const keyOf = (id: string) => `styleforge.votes.${id}`;
const readVotes = (id: string): Vote[] => JSON.parse(localStorage.getItem(keyOf(id)) ?? '[]') as Vote[];

/** The same pair lies the same way round after a reload. */
function isSwapped(id: string, index: number): boolean {
  let hash = index;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) | 0;
  return (hash & 4) !== 0;
}

export function BlindVote({ id, labels, rows }: { id: string; labels: string[]; rows: EvaluationImage[][] }): ReactElement {
  const [votes, setVotes] = useState(() => readVotes(id));
  const open = rows.filter((row) => !votes.some(({ index }) => index === row[0]!.index));
  const [pair] = open;
  const vote = (winner: number | null) => {
    const next = [...votes, { index: pair![0]!.index, winner }];
    localStorage.setItem(keyOf(id), JSON.stringify(next));
    setVotes(next);
  };
  const sides = pair ? (isSwapped(id, pair[0]!.index) ? [1, 0] : [0, 1]) : [];
  useEffect(() => {
    const onKey = ({ key }: KeyboardEvent) => {
      if (!pair) return;
      if (key === 'ArrowLeft') vote(sides[0]!);
      if (key === 'ArrowRight') vote(sides[1]!);
      if (key === 'ArrowDown') vote(null);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  if (labels.length !== 2 || rows.length === 0) {
    return (
      <Empty title="Nothing to vote on" icon="chart">
        <p>A blind vote needs an evaluation of two models with finished images.</p>
      </Empty>
    );
  }
  return (
    <div className="stack">
      {pair ? (
        <>
          <p>
            <strong>{pair[0]!.prompt}</strong>: which one is better?{' '}
            <span className="soft">Left and right arrow keys choose; down for no difference.</span>
          </p>
          <div className="vote">
            {sides.map((model, side) => {
              const image = pair.find((one) => one.model === model)!;
              return (
                <button key={`${image.url}${side}`} type="button" className="tile-button" onClick={() => vote(model)}>
                  <Picture path={image.url} alt={side === 0 ? 'Left image' : 'Right image'} width={image.width} />
                </button>
              );
            })}
          </div>
          <div className="row">
            <button type="button" className="button" onClick={() => vote(null)}>
              No difference
            </button>
            <span className="small soft num">
              {votes.length} of {rows.length} voted
            </span>
          </div>
        </>
      ) : (
        <Tally votes={votes} labels={labels} />
      )}
      {votes.length > 0 && (
        <button
          type="button"
          className="button quiet small"
          onClick={() => {
            localStorage.removeItem(keyOf(id));
            setVotes([]);
          }}
        >
          Vote again from the beginning
        </button>
      )}
    </div>
  );
}

function Tally({ votes, labels }: { votes: Vote[]; labels: string[] }): ReactElement {
  const count = (winner: number | null) => votes.filter((vote) => vote.winner === winner).length;
  return (
    <section className="card stack">
      <h2>{count(0) === count(1) ? 'No preference' : `${labels[count(0) > count(1) ? 0 : 1]} was preferred`}</h2>
      <dl className="facts">
        {[...labels.map((label, index): [string, number] => [label, count(index)]), ['No difference', count(null)] as [string, number]].map(
          ([label, of]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd className="num">{plural(of, 'vote')}</dd>
            </div>
          ),
        )}
      </dl>
    </section>
  );
}
