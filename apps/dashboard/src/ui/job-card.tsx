// A job at a glance: its newest sample images, how far it is, its loss, and what can be done.
import type { TrainingJob } from '@styleforge/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { ago } from '../data/format.ts';
import { jobName, whereIs } from '../data/jobs.ts';
import { isLive } from '../data/queries.ts';
import { useClient } from '../data/session.ts';
import { Bar, Pill } from './parts.tsx';
import { Picture } from './picture.tsx';

const SHOWN = 4;

/** Newest step first, at most four. */
export function useNewestSamples(job: TrainingJob) {
  const client = useClient();
  return useQuery({
    queryKey: ['samples', job.id],
    queryFn: ({ signal }) => client.trainingJobs.images(job.id, { signal }),
    refetchInterval: isLive(job) ? 4_000 : false,
    select: (images) => {
      const last = images.at(-1)?.step;
      return images.filter(({ step }) => step === last).slice(0, SHOWN);
    },
  });
}

export function JobCard({ job }: { job: TrainingJob }): ReactElement {
  const { data: samples = [] } = useNewestSamples(job);
  const { progress, status, id, base_model: base } = job;
  return (
    <article className="card job-card">
      <Link className="job-card-link" href={`/jobs/${id}`}>
        <div className="mosaic" aria-hidden={samples.length === 0}>
          {Array.from({ length: SHOWN }, (_, index) => (
            <Picture
              key={samples[index]?.url ?? index}
              path={samples[index]?.url}
              alt={samples[index]?.prompt ?? ''}
              width={samples[index]?.width ?? 0}
            />
          ))}
        </div>
        <div className="row-apart">
          <h3>{jobName({ ...job, suffix: job.config.suffix })}</h3>
          <Pill status={status} />
        </div>
        <p className="small soft num">{whereIs(job)}</p>
        {isLive(job) && <Bar done={progress.step} of={progress.of} label={`Progress of ${jobName(job)}`} />}
        <p className="small soft">
          {base} · {ago(job.created_at)}
        </p>
      </Link>
    </article>
  );
}
