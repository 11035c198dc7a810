// The durable log of a job, newest last; attempts are set apart.
import type { LogEvent, TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useJobLog } from '../../data/job-live.ts';
import { CopyButton, Failure, Loading } from '../../ui/parts.tsx';

const lineOf = ({ created_at: at, type, data }: LogEvent) => `${at} ${type} ${Object.keys(data).length > 0 ? JSON.stringify(data) : ''}`;

export const detailsOf = ({ data }: LogEvent): string =>
  Object.entries(data)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('  ');

export function LogTab({ job }: { job: TrainingJob }): ReactElement {
  const { data: events, error } = useJobLog(job.id);
  const [filter, setFilter] = useState('');
  if (error) return <Failure error={error} what="The log" />;
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
        <CopyButton text={shown.map(lineOf).join('\n')} label="Copy log" />
      </div>
      <div className="card-flush" tabIndex={0} role="region" aria-label="Log">
        <table className="log">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Event</th>
              <th scope="col">Details</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((event) => (
              <tr key={event.sequence} className={event.type === 'job.validating' ? 'attempt' : undefined}>
                <td className="num small nowrap">{new Date(event.created_at).toLocaleTimeString()}</td>
                <td className="nowrap">
                  <strong>{event.type}</strong>
                </td>
                <td className="mono wrap">{detailsOf(event)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
