// The workers: machine, device, current work, and whether each takes jobs.
import type { Worker } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { bytes } from '../../data/format.ts';
import { useWorkers } from '../../data/machines.ts';
import { useSession } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { Ago } from '../../ui/ago.tsx';
import { CopyButton, Empty, Failure, Loading, Pill } from '../../ui/parts.tsx';

export function Workers(): ReactElement {
  const { data, error } = useWorkers();
  return (
    <section className="stack">
      <h2>Workers</h2>
      {error && <Failure error={error} what="Workers" />}
      {!data && !error && <Loading />}
      {data?.length === 0 && (
        <Empty title="No worker is running" icon="machine">
          <p>
            Workers train and generate; jobs wait until one is started. <code>npm start</code> starts one with the service, and further ones
            can run on other machines.
          </p>
          <CopyButton text="npm start" label="Copy the command" />
        </Empty>
      )}
      <div className="cards">
        {data?.map((worker) => (
          <WorkerCard key={worker.id} worker={worker} />
        ))}
      </div>
    </section>
  );
}

function WorkerCard({ worker }: { worker: Worker }): ReactElement {
  const { status, host, pid, device, versions, queues, jobs, last_seen_at: seen } = worker;
  const isGone = status === 'lost' || status === 'stopped';
  return (
    <article className="card stack">
      <div className="row-apart">
        <h3 className="wrap">{device.name ?? device.kind}</h3>
        <Pill status={status} />
      </div>
      <p className="small soft num wrap">
        {device.kind}
        {device.memory_bytes !== null && `, ${bytes(device.memory_bytes)}`} on {host}, process {pid}. StyleForge {versions.styleforge}, Node{' '}
        {versions.node}.
      </p>
      {device.cards?.map((card, index) => (
        <p key={index} className="small num">
          {device.cards!.length > 1 && `Card ${index}: `}
          {readingsOf(card, device.memory_bytes)}
        </p>
      ))}
      <p className="small">
        Takes{' '}
        {Object.entries(queues)
          .map(([queue, slots]) => `${queue} (${slots})`)
          .join(', ')}
      </p>
      {jobs.length > 0 && (
        <ul className="small">
          {jobs.map((job, index) => (
            <li key={job.id ?? index}>
              <JobName queue={job.queue} id={job.id} />{' '}
              <span className="soft num">
                since <Ago time={job.since} />
              </span>
            </li>
          ))}
        </ul>
      )}
      <div className="row-apart">
        <span className="small soft num">
          {isGone ? 'Last seen' : 'Heard'} <Ago time={seen} />
        </span>
        {!isGone && <Drain worker={worker} />}
      </div>
    </article>
  );
}

type Card = NonNullable<Worker['device']['cards']>[number];

function readingsOf(
  { temperature_celsius: heat, load_percent: load, power_watts: power, memory_used_bytes: used }: Card,
  of: number | null,
): string {
  const parts = [
    load !== null && `${load} % load`,
    heat !== null && `${heat} °C`,
    power !== null && `${Math.round(power)} W`,
    used !== null && `${bytes(used)}${of === null ? '' : ` of ${bytes(of)}`} used`,
  ].filter((part) => part !== false);
  return parts.length > 0 ? parts.join(', ') : 'The card reports no readings.';
}

function JobName({ queue, id }: { queue: string; id: string | null }): ReactElement {
  if (id === null) return <>{queue} of another project</>;
  const path = id.startsWith('job_') ? `/jobs/${id}` : id.startsWith('eval_') ? `/evaluations/${id}` : undefined;
  return path ? <Link href={path}>{queue}</Link> : <>{queue}</>;
}

function Drain({ worker: { id, host, pid, drain_requested_at: drained } }: { worker: Worker }): ReactElement | null {
  const { client, me } = useSession();
  const queries = useQueryClient();
  const isDrained = drained !== null;
  const change = useMutation({
    mutationFn: () => (isDrained ? client.workers.undrain(id) : client.workers.drain(id)),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['workers'] }),
    onError: (error) => notifyError(isDrained ? 'The worker could not be undrained' : 'The worker could not be drained', error),
  });
  if (!me.api_key.scopes.includes('admin')) return null;
  return (
    <button
      type="button"
      className="button small"
      disabled={change.isPending}
      aria-label={`${isDrained ? 'Let work again' : 'Drain'}: ${host}, process ${pid}`}
      title={isDrained ? 'The worker takes jobs again' : 'The worker finishes its jobs and takes no further ones'}
      onClick={() => change.mutate()}
    >
      {isDrained ? 'Let work again' : 'Drain'}
    </button>
  );
}
