// Result of the blind votes of an evaluation.
import type { VoteTally } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { plural } from '../../data/format.ts';

type Pair = VoteTally['pairs'][number];

function headline({ first, second, first_preferred: a, second_preferred: b }: Pair, labels: string[]): string {
  if (a === b) return `No preference between ${labels[first]} and ${labels[second]}`;
  return `${labels[a > b ? first : second]} was preferred`;
}

export function VoteResult({ tally, labels }: { tally: VoteTally; labels: string[] }): ReactElement {
  return (
    <section className="card stack" aria-label="Blind votes">
      <div className="row-apart">
        <h2>Blind votes</h2>
        <span className="small soft num">
          {plural(tally.votes, 'vote')} by {plural(tally.voters, 'API key')}
        </span>
      </div>
      {tally.pairs.map((pair) => (
        <div key={`${pair.first} ${pair.second}`} className="stack">
          <h3>{headline(pair, labels)}</h3>
          <dl className="facts">
            <Count label={labels[pair.first] ?? ''} votes={pair.first_preferred} />
            <Count label={labels[pair.second] ?? ''} votes={pair.second_preferred} />
            <Count label="No difference" votes={pair.no_difference} />
          </dl>
        </div>
      ))}
    </section>
  );
}

function Count({ label, votes }: { label: string; votes: number }): ReactElement {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="num">{plural(votes, 'vote')}</dd>
    </div>
  );
}
