// Card of a job: its newest sample images, progress, loss and actions.
import type { TrainingJob, ValidationImage } from '@styleforge/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { jobName, whereIs } from '../data/jobs.ts';
import { isLive } from '../data/job-list.ts';
import { useClient } from '../data/session.ts';
import { notifyError } from '../data/toasts.ts';
import { Ago } from './ago.tsx';
import { Bar, Pill } from './parts.tsx';
import { Picture } from './picture.tsx';
import { Sparkline } from './sparkline.tsx';
import { useStill } from './still.ts';

const SHOWN = 4;

const samplesKey = ({ id }: TrainingJob) => ['samples', id];

/** Newest step first, at most four. */
export function useNewestSamples(job: TrainingJob) {
  const client = useClient();
  return useQuery({
    queryKey: samplesKey(job),
    queryFn: ({ signal }) => client.trainingJobs.images(job.id, { signal }),
    refetchInterval: isLive(job) ? 4_000 : false,
    select: (images) => {
      const last = images.at(-1)?.step;
      return images.filter(({ step }) => step === last).slice(0, SHOWN);
    },
  });
}

/** Its newest sample image, requested when scrolling stops. */
export function JobThumbnail({ job }: { job: TrainingJob }): ReactElement {
  const queries = useQueryClient();
  const isStill = useStill(queries.getQueryData(samplesKey(job)) !== undefined);
  return <span className="job-thumbnail">{isStill ? <NewestSample job={job} /> : <Picture path={undefined} alt="" />}</span>;
}

function NewestSample({ job }: { job: TrainingJob }): ReactElement {
  const { data: samples = [] } = useNewestSamples(job);
  const [first] = samples;
  return <Picture path={first?.thumbnail_url} alt={first ? `Sample of ${jobName(job)}` : ''} width={first?.width ?? 0} />;
}

/** One row of samples, or a square of up to four. */
export function SampleMosaic({ samples, isSquare }: { samples: ValidationImage[]; isSquare: boolean }): ReactElement {
  return (
    <div className={`mosaic ${isSquare ? (samples.length > 1 ? 'mosaic-2' : 'mosaic-1') : ''}`}>
      {samples.map((image) => (
        <Picture key={image.url} path={image.url} alt={image.prompt} width={image.width} />
      ))}
    </div>
  );
}

export function JobCard({ job }: { job: TrainingJob }): ReactElement {
  const { data: samples = [] } = useNewestSamples(job);
  const { progress, status, id, base_model: base } = job;
  const isRunning = isLive(job);
  return (
    <article className="card job-card">
      <Link className="job-card-link" href={`/jobs/${id}`}>
        {samples.length > 0 && <SampleMosaic samples={samples} isSquare={status === 'succeeded'} />}
        <div className="row-apart">
          <h3>{jobName({ ...job, suffix: job.config.suffix })}</h3>
          <Pill status={status} />
        </div>
        <div className="row-apart">
          <p className="small soft num">{whereIs(job)}</p>
          {isRunning && <LossLine id={id} />}
        </div>
        {isRunning && <Bar done={progress.step} of={progress.of} label={`Progress of ${jobName(job)}`} />}
        <p className="small soft">
          {base} · <Ago time={job.created_at} />
        </p>
      </Link>
      {isRunning && <CardActions job={job} />}
      {status === 'succeeded' && <ModelActions job={job} />}
    </article>
  );
}

/** The loss so far, in one request for all cards. */
function LossLine({ id }: { id: string }): ReactElement | null {
  const client = useClient();
  const { data } = useQuery({
    queryKey: ['curves', 'running'],
    queryFn: () => client.trainingJobs.curves({ points: 60 }),
    refetchInterval: 3_000,
  });
  const buckets = data?.find((one) => one.training_job_id === id)?.buckets ?? [];
  return <Sparkline values={buckets.map(({ style_ref_loss: loss }) => loss.mean)} label="StyleRef loss so far" width={90} height={24} />;
}

function ModelActions({ job }: { job: TrainingJob }): ReactElement {
  const name = jobName({ ...job, suffix: job.config.suffix });
  return (
    <div className="row card-actions">
      <Link className="button small" href={`/play?model=${job.id}`} aria-label={`Use ${name}`}>
        Use
      </Link>
      <Link className="button small" href={`/jobs/${job.id}/checkpoints`} aria-label={`Download ${name}`}>
        Download
      </Link>
    </div>
  );
}

function CardActions({ job }: { job: TrainingJob }): ReactElement {
  const { trainingJobs } = useClient();
  const queries = useQueryClient();
  const steer = useMutation({
    mutationFn: (run: () => Promise<TrainingJob>) => run(),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['jobs'] }),
    onError: (error) => notifyError('The action failed', error),
  });
  const name = jobName(job);
  const button = (label: string, run: () => Promise<TrainingJob>) => (
    <button
      type="button"
      className="button small"
      aria-label={`${label}: ${name}`}
      disabled={steer.isPending}
      onClick={() => steer.mutate(run)}
    >
      {label}
    </button>
  );
  return (
    <div className="row card-actions">
      {job.status !== 'pausing' && job.status !== 'evaluating' && button('Pause', () => trainingJobs.pause(job.id))}
      {!job.cancel_requested && button('Stop and keep', () => trainingJobs.cancel(job.id))}
    </div>
  );
}
