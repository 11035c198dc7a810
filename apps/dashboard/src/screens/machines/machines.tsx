// Queue and machines: waiting and running work, and the state of the service's dependencies.
import type { TrainingJob } from '@styleforge/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { Link } from 'wouter';
import { number, speed } from '../../data/format.ts';
import { jobName, whereIs } from '../../data/jobs.ts';
import { isLive, useJobs } from '../../data/job-list.ts';
import { useClient } from '../../data/session.ts';
import { Queues, Stored, Usage } from './queues.tsx';
import { Sweep } from './sweep.tsx';
import { Workers } from './workers.tsx';
import { Ago } from '../../ui/ago.tsx';
import { Bar, Failure, Loading, PageHead, Pill } from '../../ui/parts.tsx';

export function Machines(): ReactElement {
  const jobs = useJobs();
  const running = jobs.data?.filter((job) => isLive(job) && job.status !== 'queued') ?? [];
  const queued = (jobs.data ?? [])
    .filter(({ status }) => status === 'queued')
    .sort((a, b) => (a.progress.queue_position ?? 0) - (b.progress.queue_position ?? 0));
  return (
    <>
      <PageHead title="Queue and machines" />
      <div className="stack-l">
        {jobs.error && <Failure error={jobs.error} what="Jobs" />}
        <Workers />
        <Queues />
        <JobList title="At work" jobs={running} empty="No worker has a job." />
        <JobList title="Queue" jobs={queued} empty={<NothingWaits />} />
        <Stored />
        <Sweep />
        <Usage />
        <Dependencies />
      </div>
    </>
  );
}

function NothingWaits(): ReactElement {
  return (
    <>
      Nothing is waiting. <Link href="/train">Start a training</Link>
    </>
  );
}

function JobList({ title, jobs, empty }: { title: string; jobs: TrainingJob[]; empty: ReactNode }): ReactElement {
  return (
    <section className="stack">
      <h2>{title}</h2>
      {jobs.length === 0 && <p className="soft">{empty}</p>}
      <ul className="stack">
        {jobs.map((job) => (
          <li key={job.id} className="card stack">
            <div className="row-apart">
              <Link className="row-link" href={`/jobs/${job.id}`}>
                {jobName(job)}
              </Link>
              <Pill status={job.status} />
            </div>
            <p className="small soft num">
              {whereIs(job)}
              {job.progress.samples_per_second !== null && `, ${speed(job.progress.samples_per_second)}`}
            </p>
            {job.status !== 'queued' && <Bar done={job.progress.step} of={job.progress.of} label={`Progress of ${jobName(job)}`} />}
            {job.heartbeat && (
              <p className="small soft num">
                {job.heartbeat.device} on {job.heartbeat.host}, process {job.heartbeat.pid}, last seen <Ago time={job.heartbeat.at} />
                {job.heartbeat.durable_step !== null && `, saved up to step ${job.heartbeat.durable_step}`}
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Dependencies(): ReactElement {
  const client = useClient();
  const { data, error } = useQuery({
    queryKey: ['readiness'],
    queryFn: ({ signal }) => client.readiness({ signal }),
    refetchInterval: 5_000,
  });
  return (
    <section className="stack">
      <h2>Service</h2>
      {error && <Failure error={error} what="The state of the service" />}
      {!data && !error && <Loading height={80} />}
      {data && (
        <div className="card-flush" tabIndex={0} role="region" aria-label="What the service depends on">
          <table>
            <thead>
              <tr>
                <th scope="col">Part</th>
                <th scope="col">State</th>
                <th scope="col" className="end">
                  Response time
                </th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(data.dependencies).map(([name, { status, latency_ms: latency, detail }]) => (
                <tr key={name}>
                  <td>
                    {name.replaceAll('_', ' ')}
                    {detail && <div className="small soft">{detail}</div>}
                  </td>
                  <td>
                    <Pill status={status} />
                  </td>
                  <td className="end num">{number(latency, 1)} ms</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
