// Home: running jobs, failures, the newest models and the machines; in an empty project, the first steps.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { isLive, useJobs } from '../../data/job-list.ts';
import { useHidden } from '../../data/undo.ts';
import { JobCard } from '../../ui/job-card.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Failure, Loading, PageHead } from '../../ui/parts.tsx';
import { AtAGlance } from './at-a-glance.tsx';
import { FirstSteps, TrySamples } from './first-steps.tsx';

const LAST_MODELS = 5;
const LAST_OTHERS = 3;
const DAY_MS = 86_400_000;

export function Home(): ReactElement {
  const { data: all, error } = useJobs();
  const hidden = useHidden();
  if (error && !all) return <Failure error={error} what="Jobs" />;
  if (!all) return <Loading height={320} />;
  const jobs = all.filter(({ id }) => !hidden.has(id));
  if (jobs.length === 0) return <FirstSteps />;
  const of = (status: TrainingJob['status']) => jobs.filter((job) => job.status === status);
  const running = jobs.filter(isLive);
  const failed = of('failed').filter(({ updated_at: at }) => Date.now() - Date.parse(at) < DAY_MS);
  const stopped = [...of('paused'), ...of('cancelled')].slice(0, LAST_OTHERS);
  const models = of('succeeded').slice(0, LAST_MODELS);
  return (
    <>
      <PageHead title="Home">
        <TrySamples />
        <Link className="button primary" href="/train">
          <Icon name="plus" />
          New training
        </Link>
      </PageHead>
      <div className="stack-l">
        <AtAGlance />
        <Section title="Running" jobs={running} empty="No job is running." />
        <Section title="Failed in the last day" jobs={failed} />
        <Section title="Last models" jobs={models} />
        <Section title="Paused or stopped" jobs={stopped} />
      </div>
    </>
  );
}

function Section({ title, jobs, empty }: { title: string; jobs: TrainingJob[]; empty?: string }): ReactElement | null {
  if (jobs.length === 0 && empty === undefined) return null;
  return (
    <section className="stack">
      <h2>{title}</h2>
      {jobs.length === 0 && <p className="soft">{empty}</p>}
      <div className="cards">
        {jobs.map((job) => (
          <JobCard key={job.id} job={job} />
        ))}
      </div>
    </section>
  );
}
