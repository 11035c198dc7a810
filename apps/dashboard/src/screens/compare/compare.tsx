// Compares jobs: one chart, their last samples for each prompt, and the settings in which they differ.
import type { TrainingJob } from '@styleforge/sdk';
import { useQueries, useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useMemo, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { alignCurves, type CurveField, differencesOf } from '../../data/comparison.ts';
import { duration, number } from '../../data/format.ts';
import { jobName } from '../../data/jobs.ts';
import { isLive, useJobs } from '../../data/job-list.ts';
import { useClient } from '../../data/session.ts';
import { Empty, Failure, Loading, PageHead, Pill, Segmented } from '../../ui/parts.tsx';
import { LossChart, smooth } from '../job/loss-chart.tsx';
import { StepRange, useZoom } from '../job/step-range.tsx';
import { SampleRows } from './sample-rows.tsx';

const MOST = 6;
const COLORS = ['--accent', '--calm', '--good', '--warn', '--bad', '--ink'];

const FIELDS = [
  { value: 'style_ref_loss', label: 'StyleRef loss' },
  { value: 'aux_loss', label: 'Aux loss' },
  { value: 'grad_norm', label: 'Gradient norm' },
] as const;

export function Compare(): ReactElement {
  const client = useClient();
  const [params, setParams] = useSearchParams();
  const ids = params.get('jobs')?.split(',').filter(Boolean).slice(0, MOST) ?? [];
  const set = (next: string[]) => setParams({ jobs: next.join(',') }, { replace: true });
  const results = useQueries({
    queries: ids.map((id) => ({ queryKey: ['job', id], queryFn: () => client.trainingJobs.get(id), refetchInterval: 15_000 })),
  });
  const jobs = results.flatMap(({ data }) => (data ? [data] : []));
  const failed = results.find(({ error }) => error);
  return (
    <>
      <PageHead
        title="Compare jobs"
        crumb={<Link href="/jobs">Training</Link>}
        about="Compare the curves, samples and settings of up to six jobs."
      >
        <AddJob chosen={ids} onAdd={(id) => set([...ids, id])} />
      </PageHead>
      {failed && <Failure error={failed.error} what="A job" />}
      {ids.length === 0 && (
        <Empty title="No jobs chosen" icon="chart">
          <p>Mark two to six jobs in the list of jobs, and press “Compare”.</p>
          <Link className="button" href="/jobs">
            List of jobs
          </Link>
        </Empty>
      )}
      {jobs.length < ids.length && !failed && <Loading height={320} />}
      {ids.length > 0 && jobs.length === ids.length && (
        <div className="stack-l">
          <JobHeads jobs={jobs} onRemove={(id) => set(ids.filter((one) => one !== id))} />
          <SharedCurves jobs={jobs} />
          <SampleRows jobs={jobs} />
          <Differences jobs={jobs} />
        </div>
      )}
    </>
  );
}

function AddJob({ chosen, onAdd }: { chosen: string[]; onAdd(id: string): void }): ReactElement | null {
  const jobs = useJobs().data?.filter(({ id }) => !chosen.includes(id)) ?? [];
  if (jobs.length === 0 || chosen.length >= MOST) return null;
  return (
    <select className="select" aria-label="Add a job" value="" onChange={(event) => onAdd(event.target.value)}>
      <option value="">Add a job</option>
      {jobs.slice(0, 100).map((job) => (
        <option key={job.id} value={job.id}>
          {jobName({ ...job, suffix: job.config.suffix })}
        </option>
      ))}
    </select>
  );
}

function JobHeads({ jobs, onRemove }: { jobs: TrainingJob[]; onRemove(id: string): void }): ReactElement {
  return (
    <ul className="row compare-heads">
      {jobs.map((job, at) => (
        <li key={job.id} className="card row">
          <i className="swatch" style={{ background: `var(${COLORS[at]})` }} />
          <Link className="row-link" href={`/jobs/${job.id}`}>
            {jobName({ ...job, suffix: job.config.suffix })}
          </Link>
          <Pill status={job.status} />
          <span className="small soft num">
            step {job.progress.step}, StyleRef loss {number(job.progress.style_ref_loss)}
            {job.started_at && job.finished_at && `, ${duration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000)}`}
          </span>
          <button type="button" className="button quiet small" aria-label={`Remove ${jobName(job)}`} onClick={() => onRemove(job.id)}>
            Remove
          </button>
        </li>
      ))}
    </ul>
  );
}

const NO_MARKS = { checkpoints: [], samples: [] };

function SharedCurves({ jobs }: { jobs: TrainingJob[] }): ReactElement {
  const client = useClient();
  const ids = jobs.map(({ id }) => id);
  const [field, setField] = useState<CurveField>('style_ref_loss');
  const [isLog, setLog] = useState(false);
  const [step, setStep] = useState<number | null>(null);
  const { data, error } = useQuery({
    queryKey: ['curves', ids],
    queryFn: () => client.trainingJobs.curves({ jobs: ids, points: 500 }),
    refetchInterval: jobs.some(isLive) ? 3_000 : false,
  });
  const ordered = useMemo(() => ids.map((id) => ({ buckets: data?.find((one) => one.training_job_id === id)?.buckets ?? [] })), [data]);
  const { steps, values } = useMemo(() => alignCurves(ordered, field), [ordered, field]);
  const [zoom, onZoom] = useZoom(steps);
  const curves = useMemo(
    () => values.map((row, at) => ({ label: jobName(jobs[at]!), color: COLORS[at]!, values: smooth(row, 0.6) })),
    [values],
  );
  if (error) return <Failure error={error} what="The curves" />;
  if (!data) return <Loading height={320} />;
  return (
    <section className="card stack" aria-label="Curves">
      <div className="row-apart">
        <Segmented label="Curve" value={field as (typeof FIELDS)[number]['value']} choices={FIELDS} onChange={setField} />
        <label className="check small">
          <input type="checkbox" checked={isLog} onChange={(event) => setLog(event.target.checked)} />
          Log scale
        </label>
      </div>
      {steps.length < 2 ? (
        <p className="soft chart-empty">No job has finished two steps yet.</p>
      ) : (
        <>
          <LossChart {...{ steps, curves, isLog, step, zoom, onZoom }} marks={NO_MARKS} onStep={setStep} />
          <StepRange {...{ steps, zoom, onZoom }} />
        </>
      )}
      {step !== null && <p className="small soft num">Step {step}</p>}
    </section>
  );
}

function Differences({ jobs }: { jobs: TrainingJob[] }): ReactElement {
  const rows = differencesOf(jobs);
  return (
    <section className="stack">
      <h2>Settings that differ</h2>
      {rows.length === 0 && <p className="soft">These jobs have the same settings.</p>}
      {rows.length > 0 && (
        <div className="card-flush" tabIndex={0} role="region" aria-label="Settings that differ">
          <table>
            <thead>
              <tr>
                <th scope="col">Setting</th>
                {jobs.map((job) => (
                  <th key={job.id} scope="col">
                    {jobName({ ...job, suffix: job.config.suffix })}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ setting, values }) => (
                <tr key={setting}>
                  <td className="mono">{setting}</td>
                  {values.map((value, at) => (
                    <td key={jobs[at]!.id} className="mono wrap">
                      {value}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
