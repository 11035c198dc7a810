// The end of the job's log, below the overview.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { useJobLog } from '../../data/job-live.ts';
import { detailsOf } from './log-rows.tsx';

const SHOWN = 5;

export function LastEvents({ job }: { job: TrainingJob }): ReactElement | null {
  const events = useJobLog(job.id).data?.slice(-SHOWN) ?? [];
  if (events.length === 0) return null;
  return (
    <section className="stack" aria-label="Last events">
      <div className="row-apart">
        <h2>Last events</h2>
        <Link className="button quiet small" href={`/jobs/${job.id}/log`}>
          Whole log
        </Link>
      </div>
      <ul className="card stack small">
        {events.map((event) => (
          <li key={event.sequence} className="wrap">
            <span className="num soft">{new Date(event.created_at).toLocaleTimeString()}</span> <strong>{event.type}</strong>{' '}
            <span className="mono">{detailsOf(event)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
