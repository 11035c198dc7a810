// The durable log of a job, newest last: it follows what happens, and sets attempts apart.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useJobLog } from '../../data/job-live.ts';
import { whereIs } from '../../data/jobs.ts';
import { isLive } from '../../data/job-list.ts';
import { CopyButton, Failure, Loading } from '../../ui/parts.tsx';
import { lineOf, LogRows } from './log-rows.tsx';

export function LogTab({ job }: { job: TrainingJob }): ReactElement {
  const { data: events, error } = useJobLog(job.id);
  const [filter, setFilter] = useState('');
  const [isFollowing, setFollowing] = useState(isLive(job));
  if (error && !events) return <Failure error={error} what="The log" />;
  if (!events) return <Loading />;
  const shown = events.filter((event) => lineOf(event).toLowerCase().includes(filter.toLowerCase()));
  return (
    <div className="stack">
      <div className="row-apart">
        <input
          className="input search"
          type="search"
          aria-label="Filter the log"
          placeholder="Filter"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <div className="row">
          <label className="check small">
            <input type="checkbox" checked={isFollowing} onChange={(event) => setFollowing(event.target.checked)} />
            Follow the end
          </label>
          <CopyButton text={shown.map(lineOf).join('\n')} label="Copy log" />
        </div>
      </div>
      {shown.length === 0 ? <p className="soft">No event matches.</p> : <LogRows events={shown} {...{ isFollowing, setFollowing }} />}
      {isLive(job) && (
        <p className="small num">
          <span className="pill live">live</span> {whereIs(job)}
        </p>
      )}
    </div>
  );
}
