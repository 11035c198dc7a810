// One job: its head with progress and actions, and its tabs, each with its own address.
import type { TrainingJob } from '@styleforge/sdk';
import type { ComponentType, ReactElement } from 'react';
import { Link, useParams } from 'wouter';
import { duration, speed } from '../../data/format.ts';
import { jobName, METHODS, whereIs } from '../../data/jobs.ts';
import { useJobLog } from '../../data/job-live.ts';
import { type CodeChoice, jobCall } from '../../data/calls.ts';
import { useJob } from '../../data/queries.ts';
import { isLive } from '../../data/job-list.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { later } from '../../ui/later.tsx';
import { Bar, Loading, NoScreen, PageHead, Pill } from '../../ui/parts.tsx';
import { JobActions } from './actions.tsx';
import { CandidatesTab } from './candidates.tsx';
import { Checkpoints } from './checkpoints.tsx';
import { LogTab } from './log.tsx';
import { Overview } from './overview.tsx';
import { ReportTab } from './report.tsx';
import { JobTitleActions } from './title.tsx';

const ConfigTab = later(async () => (await import('../written.ts')).ConfigTab);

interface TabOfJob {
  name: string;
  label: string;
  Tab: ComponentType<{ job: TrainingJob }>;
  /** Whether a job has this tab; absent: every job has it. */
  has?(job: TrainingJob): boolean;
}

const TABS: TabOfJob[] = [
  { name: '', label: 'Overview', Tab: Overview },
  { name: 'candidates', label: 'Candidates', Tab: CandidatesTab, has: ({ config }) => (config.styledrop?.candidates ?? null) !== null },
  { name: 'checkpoints', label: 'Checkpoints', Tab: Checkpoints },
  { name: 'log', label: 'Log', Tab: LogTab },
  { name: 'config', label: 'Config', Tab: ConfigTab },
  { name: 'report', label: 'Report', Tab: ReportTab },
];

export function JobScreen(): ReactElement {
  const { id = '', tab = '' } = useParams();
  const { data: job, error } = useJob(id);
  if (error && !job) return <NoScreen error={error} what="The job" list={<Link href="/jobs">Training</Link>} />;
  if (!job) return <Loading height={320} />;
  const { Tab, name: shown } = TABS.find(({ name }) => name === tab) ?? TABS[0]!;
  return (
    <>
      <Head job={job} />
      <nav className="tabs" aria-label="Parts of the job">
        {TABS.filter(({ has }) => has?.(job) ?? true).map(({ name, label }) => (
          <Link key={name} href={`/jobs/${id}${name && `/${name}`}`} aria-current={name === shown ? 'page' : undefined}>
            {label}
          </Link>
        ))}
      </nav>
      <Tab job={job} />
    </>
  );
}

/** Requests of the buttons above that the job's status allows. */
function codeOf(job: TrainingJob): CodeChoice[] {
  const { id, status } = job;
  const choice = (label: string, verb: string, sdk: string, body?: object): CodeChoice => ({
    label,
    calls: [jobCall(id, verb, sdk, body)],
  });
  const isTraining = status === 'running' || status === 'validating';
  return [
    { label: 'Read it', calls: [jobCall(id, '', 'get')] },
    ...(isTraining ? [choice('Save now', 'checkpoint', 'saveNow'), choice('Sample now', 'sample', 'sampleNow')] : []),
    ...(isTraining || status === 'queued' ? [choice('Pause', 'pause', 'pause')] : []),
    ...(['paused', 'failed', 'cancelled'].includes(status) ? [choice('Resume', 'resume', 'resume')] : []),
    ...(isLive(job) || status === 'paused' ? [choice('Stop and keep', 'cancel', 'cancel')] : []),
    ...(status === 'succeeded' ? [choice('Extend', 'resume', 'resume', { max_train_steps: job.progress.of + 100 })] : []),
  ];
}

function Head({ job }: { job: TrainingJob }): ReactElement {
  const { progress, status, heartbeat, error } = job;
  return (
    <>
      <PageHead
        title={jobName({ ...job, suffix: job.config.suffix })}
        crumb={<Link href="/jobs">Training</Link>}
        about={`${METHODS[job.method] ?? job.method} on ${job.base_model}${heartbeat ? `, ${heartbeat.device} on ${heartbeat.host}` : ''}`}
      >
        <JobActions job={job} />
        <Link className="button" href={`/compare?jobs=${job.id}`}>
          Compare
        </Link>
        <CopyAsCode choices={codeOf(job)} />
        <JobTitleActions job={job} />
      </PageHead>
      <div className="job-progress" aria-live="off">
        <div className="row-apart">
          <div className="row">
            <Pill status={status} />
            <span className="num">{error ? `Step ${progress.step} of ${progress.of}` : whereIs(job)}</span>
          </div>
          <span className="small soft num">
            {progress.samples_per_second !== null && status === 'running' && speed(progress.samples_per_second)}
            {job.started_at && job.finished_at && `Took ${duration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000)}`}
          </span>
        </div>
        <Bar done={progress.step} of={progress.of} label="Progress" />
      </div>
      <Warnings id={job.id} />
      {error && (
        <div className="note bad" role="alert">
          <strong>{error.code}</strong>: {error.message}
        </div>
      )}
    </>
  );
}

/** Warnings of the service about the images before the training. */
function Warnings({ id }: { id: string }): ReactElement {
  const { data: events } = useJobLog(id);
  const warnings = (events ?? []).filter(({ type }) => type === 'job.warning').slice(-1);
  return (
    <>
      {warnings.map(({ sequence, data }) => (
        <div key={sequence} className="note warn" role="status">
          {String(data['detail'])}
        </div>
      ))}
    </>
  );
}
