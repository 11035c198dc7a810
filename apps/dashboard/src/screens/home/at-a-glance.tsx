// A row of numbers: waiting work, free machines, storage of the project.
import type { UsageReport } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { bytes, plural } from '../../data/format.ts';
import { thisMonth, useQueueReport, useUsage, useWorkers } from '../../data/machines.ts';

export function AtAGlance(): ReactElement {
  const queues = useQueueReport().data?.queues;
  const workers = useWorkers().data;
  const storage = useUsage(thisMonth()).data?.storage;
  const waiting = queues?.reduce((sum, queue) => sum + queue.own_waiting, 0);
  const free = workers?.filter(({ status }) => status === 'idle') ?? [];
  return (
    <dl className="glance">
      <Fact name="Waiting" value={waiting === undefined ? '–' : waiting === 0 ? 'Nothing' : plural(waiting, 'job')} />
      <Fact name="Free machines" value={workers ? `${free.length} of ${workers.length}` : '–'} detail={devicesOf(free)} href="/queue" />
      <Fact name="Stored" value={storage ? bytes(storage.total_bytes) : '–'} detail={storage && partsOf(storage)} href="/queue" />
    </dl>
  );
}

const devicesOf = (workers: { device: { kind: string; name: string | null } }[]): string =>
  [...new Set(workers.map(({ device }) => device.name ?? device.kind))].join(', ');

/** The two largest parts of the storage, where deleting helps most. */
export function partsOf({ total_bytes: _, ...parts }: UsageReport['storage']): string {
  const named = Object.entries(parts).map(([name, size]): [string, number] => [name.replace('_bytes', ''), size]);
  const largest = named.sort(([, a], [, b]) => b - a).filter(([, size]) => size > 0);
  return largest
    .slice(0, 2)
    .map(([name, size]) => `${name} ${bytes(size)}`)
    .join(', ');
}

function Fact({ name, value, detail, href }: { name: string; value: string; detail?: string | undefined; href?: string }): ReactElement {
  return (
    <div className="card">
      <dt className="small soft">{name}</dt>
      <dd className="num">
        <strong>
          {href ? (
            <Link className="row-link" href={href}>
              {value}
            </Link>
          ) : (
            value
          )}
        </strong>
        {detail && <span className="small soft"> {detail}</span>}
      </dd>
    </div>
  );
}
