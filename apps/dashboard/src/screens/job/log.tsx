// The durable log of a job, newest last, and what workers have logged about it: both follow the end.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement, ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';
import { useAddress } from '../../data/address.ts';
import { useJobLog, useWorkerLog } from '../../data/job-live.ts';
import { whereIs } from '../../data/jobs.ts';
import { isLive } from '../../data/job-list.ts';
import { CopyButton, Failure, Loading, Segmented } from '../../ui/parts.tsx';
import { lineOf, LogRows } from './log-rows.tsx';

const LOGS = [
  { value: 'events', label: 'Events' },
  { value: 'worker', label: 'Worker log' },
] as const;

export function LogTab({ job }: { job: TrainingJob }): ReactElement {
  const [params, set] = useAddress();
  const [filter, setFilter] = useState('');
  const [isFollowing, setFollowing] = useState(isLive(job));
  const isWorker = params.get('log') === 'worker';
  const frame = (lines: string[], rows: ReactNode) => (
    <>
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
          <CopyButton text={lines.join('\n')} label="Copy log" />
        </div>
      </div>
      {lines.length === 0 ? <p className="soft">No line matches.</p> : rows}
    </>
  );
  const part = { job, filter: filter.toLowerCase(), isFollowing, setFollowing, frame };
  return (
    <div className="stack">
      <div>
        <Segmented
          label="Log"
          value={isWorker ? 'worker' : 'events'}
          choices={LOGS}
          onChange={(value) => set('log', value === 'worker' ? value : null)}
        />
      </div>
      {isWorker ? <WorkerLog {...part} /> : <Events {...part} />}
      {isLive(job) && (
        <p className="small num">
          <span className="pill live">live</span> {whereIs(job)}
        </p>
      )}
    </div>
  );
}

interface Part {
  job: TrainingJob;
  filter: string;
  isFollowing: boolean;
  setFollowing(isFollowing: boolean): void;
  frame(lines: string[], rows: ReactNode): ReactElement;
}

function Events({ job, filter, isFollowing, setFollowing, frame }: Part): ReactElement {
  const { data: events, error } = useJobLog(job.id);
  if (error && !events) return <Failure error={error} what="The log" />;
  if (!events) return <Loading />;
  const shown = events.filter((event) => lineOf(event).toLowerCase().includes(filter));
  return frame(shown.map(lineOf), <LogRows events={shown} {...{ isFollowing, setFollowing }} />);
}

function WorkerLog({ job, filter, isFollowing, frame }: Part): ReactElement {
  const { data, error } = useWorkerLog(job);
  const end = useRef<HTMLPreElement>(null);
  const count = data?.data.length;
  useEffect(() => {
    if (isFollowing) end.current?.scrollTo(0, end.current.scrollHeight);
  }, [count, isFollowing]);
  if (error && !data) return <Failure error={error} what="The worker's log" />;
  if (!data) return <Loading />;
  if (count === 0) return <p className="soft">No worker has logged anything about this job.</p>;
  const lines = data.data
    .map(({ time, level, message, details }) => {
      const fields = Object.entries(details).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
      return [time, level.padEnd(5), message, ...fields].join(' ');
    })
    .filter((line) => line.toLowerCase().includes(filter));
  return frame(
    lines,
    <>
      {data.has_earlier && <p className="small soft">Earlier lines are in the log of the worker itself.</p>}
      <pre ref={end} className="code log-frame" tabIndex={0} aria-label="Worker log">
        {lines.join('\n')}
      </pre>
    </>,
  );
}
