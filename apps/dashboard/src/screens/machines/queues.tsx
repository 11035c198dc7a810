// Lengths of the queues with their workers, and the project's usage in a month.
import type { UsageReport } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useSearchParams } from 'wouter';
import { bytes, duration, number } from '../../data/format.ts';
import { thisMonth, useQueueReport, useUsage } from '../../data/machines.ts';
import { Ago } from '../../ui/ago.tsx';
import { Failure, Loading } from '../../ui/parts.tsx';

export function Queues(): ReactElement {
  const { data, error } = useQueueReport();
  return (
    <section className="stack">
      <h2>Queues</h2>
      {error && <Failure error={error} what="The queues" />}
      {!data && !error && <Loading />}
      {data && (
        <div className="card-flush" tabIndex={0} role="region" aria-label="Queues">
          <table>
            <thead>
              <tr>
                <th scope="col">Queue</th>
                <th scope="col" className="end">
                  Waiting
                </th>
                <th scope="col" className="end">
                  Running
                </th>
                <th scope="col" className="end">
                  Workers
                </th>
                <th scope="col" className="wide-only">
                  Oldest
                </th>
              </tr>
            </thead>
            <tbody>
              {data.queues.map((queue) => (
                <tr key={queue.queue}>
                  <td>{queue.queue}</td>
                  <td className="end num">
                    {queue.waiting}
                    {queue.waiting > queue.own_waiting && <span className="soft small"> ({queue.own_waiting} yours)</span>}
                  </td>
                  <td className="end num">
                    {queue.running}
                    {queue.running > queue.own_running && <span className="soft small"> ({queue.own_running} yours)</span>}
                  </td>
                  <td className="end num">{queue.workers === 0 ? <span className="pill bad">none</span> : queue.workers}</td>
                  <td className="num small soft wide-only">
                    {queue.oldest_waiting_since ? <Ago time={queue.oldest_waiting_since} /> : '–'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const KINDS: Record<string, string> = { training_job: 'Training', generation: 'Generation', evaluation: 'Evaluation' };

const STORED: [Exclude<keyof UsageReport['storage'], 'total_bytes'>, string][] = [
  ['checkpoints_bytes', 'Checkpoints'],
  ['datasets_bytes', 'Datasets'],
  ['images_bytes', 'Generated images'],
  ['adapters_bytes', 'Uploaded adapters'],
  ['exports_bytes', 'Files made for downloads'],
];

/** Current storage, independent of the month. */
export function Stored(): ReactElement | null {
  const storage = useUsage(thisMonth()).data?.storage;
  if (!storage) return null;
  return (
    <section className="stack">
      <h2>Stored</h2>
      <dl className="glance">
        {STORED.map(([part, title]) => (
          <div key={part} className="card">
            <dt className="small soft">{title}</dt>
            <dd className="num">{bytes(storage[part])}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Usage(): ReactElement {
  const [params, setParams] = useSearchParams();
  const month = params.get('month') ?? thisMonth();
  const { data, error } = useUsage(month);
  return (
    <section className="stack">
      <div className="row-apart">
        <h2>Usage</h2>
        <label className="row small">
          Month
          <input
            className="input"
            type="month"
            value={month}
            max={thisMonth()}
            onChange={({ target }) => target.value !== '' && setParams({ month: target.value }, { replace: true })}
          />
        </label>
      </div>
      {error && <Failure error={error} what="The usage" />}
      {!data && !error && <Loading height={80} />}
      {data?.by_kind.length === 0 && <p className="soft">Nothing was used in {data.month}.</p>}
      {data && data.by_kind.length > 0 && <UsageTable usage={data} />}
    </section>
  );
}

function UsageTable({ usage: { by_kind: kinds, total } }: { usage: UsageReport }): ReactElement {
  return (
    <div className="card-flush" tabIndex={0} role="region" aria-label="Usage of the month">
      <table>
        <thead>
          <tr>
            <th scope="col">Work</th>
            <th scope="col" className="wide-only">
              Device
            </th>
            <th scope="col" className="end">
              Device time
            </th>
            <th scope="col" className="end">
              Steps
            </th>
            <th scope="col" className="end">
              Images
            </th>
          </tr>
        </thead>
        <tbody>
          {[...kinds, { kind: 'total', device: '', ...total }].map((row) => (
            <tr key={`${row.kind} ${row.device}`}>
              <td>{KINDS[row.kind] ?? 'Total'}</td>
              <td className="wide-only">{row.device}</td>
              <td className="end num">{duration(row.device_seconds)}</td>
              <td className="end num">{number(row.steps)}</td>
              <td className="end num">{number(row.images)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
