// All jobs of the project: by status and name, newest first, live.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useMemo } from 'react';
import { Link, useSearchParams } from 'wouter';
import { ago, duration, number } from '../../data/format.ts';
import { jobName, METHODS, whereIs } from '../../data/jobs.ts';
import { isLive, useJobs } from '../../data/queries.ts';
import { Icon } from '../../ui/icons.tsx';
import { Bar, Empty, Failure, Loading, PageHead, Pill, Segmented } from '../../ui/parts.tsx';

const FILTERS = [
  { value: 'all', label: 'All' },
  { value: 'live', label: 'Running' },
  { value: 'succeeded', label: 'Succeeded' },
  { value: 'stopped', label: 'Stopped' },
] as const;
type Filter = (typeof FILTERS)[number]['value'];

const matches: Record<Filter, (job: TrainingJob) => boolean> = {
  all: () => true,
  live: (job) => isLive(job) || job.status === 'paused',
  succeeded: ({ status }) => status === 'succeeded',
  stopped: ({ status }) => status === 'failed' || status === 'cancelled',
};

export function Jobs(): ReactElement {
  const { data: jobs, error } = useJobs();
  const [params, setParams] = useSearchParams();
  const filter = (params.get('status') ?? 'all') as Filter;
  const search = params.get('q') ?? '';
  const set = (name: string, value: string) =>
    setParams(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  const shown = useMemo(
    () =>
      jobs?.filter(
        (job) =>
          (matches[filter] ?? matches.all)(job) &&
          `${jobName(job)} ${job.base_model} ${job.id}`.toLowerCase().includes(search.toLowerCase()),
      ),
    [jobs, filter, search],
  );
  return (
    <>
      <PageHead title="Training">
        <Link className="button" href="/evaluations?tab=studies">
          Studies
        </Link>
        <Link className="button primary" href="/train">
          <Icon name="plus" />
          New training
        </Link>
      </PageHead>
      <div className="row filters">
        <Segmented label="Status" value={filter} choices={FILTERS} onChange={(value) => set('status', value === 'all' ? '' : value)} />
        <input
          className="input search"
          type="search"
          aria-label="Search jobs"
          placeholder="Search"
          value={search}
          onChange={(event) => set('q', event.target.value)}
        />
      </div>
      {error && !jobs && <Failure error={error} what="Jobs" />}
      {!jobs && !error && <Loading />}
      {shown?.length === 0 && (
        <Empty title={jobs?.length === 0 ? 'No jobs yet' : 'No job matches'} icon="train">
          <p>{jobs?.length === 0 ? 'A job teaches a base model your style.' : 'Change the filter or the search.'}</p>
        </Empty>
      )}
      {shown && shown.length > 0 && <JobTable jobs={shown} />}
    </>
  );
}

function JobTable({ jobs }: { jobs: TrainingJob[] }): ReactElement {
  return (
    <div className="card-flush" tabIndex={0} role="region" aria-label="Jobs">
      <table className="jobs">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            <th scope="col">Progress</th>
            <th scope="col" className="wide-only">
              Base model
            </th>
            <th scope="col" className="end wide-only">
              Loss
            </th>
            <th scope="col" className="end wide-only">
              Took
            </th>
            <th scope="col" className="end wide-only">
              Created
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function JobRow({ job }: { job: TrainingJob }): ReactElement {
  const { progress, started_at: start, finished_at: end } = job;
  const seconds = start ? ((end ? Date.parse(end) : Date.now()) - Date.parse(start)) / 1000 : null;
  return (
    <tr>
      <td>
        <Link className="row-link" href={`/jobs/${job.id}`}>
          {jobName({ ...job, suffix: job.config.suffix })}
        </Link>
        <div className="small soft">{METHODS[job.method] ?? job.method}</div>
      </td>
      <td>
        <Pill status={job.status} />
      </td>
      <td className="num small">
        <span className="clip">{whereIs(job)}</span>
        {isLive(job) && <Bar done={progress.step} of={progress.of} label={`Progress of ${jobName(job)}`} />}
      </td>
      <td className="small wide-only">{job.base_model}</td>
      <td className="end num small wide-only">{number(progress.loss)}</td>
      <td className="end num small nowrap wide-only">{seconds === null ? '–' : duration(seconds)}</td>
      <td className="end small nowrap wide-only">{ago(job.created_at)}</td>
    </tr>
  );
}
