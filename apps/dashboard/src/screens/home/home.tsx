// Home: what is running, what needs attention, what was made last; in an empty project the first steps.
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { isLive, useJobs } from '../../data/queries.ts';
import { JobCard } from '../../ui/job-card.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Failure, Loading, PageHead } from '../../ui/parts.tsx';
import { FirstSteps, TrySamples } from './first-steps.tsx';

const LAST = 6;
const DAY_MS = 86_400_000;

export function Home(): ReactElement {
  const { data: jobs, error } = useJobs();
  if (error && !jobs) return <Failure error={error} what="Jobs" />;
  if (!jobs) return <Loading height={320} />;
  if (jobs.length === 0) return <FirstSteps />;
  const running = jobs.filter(isLive);
  const failed = jobs.filter(({ status, updated_at: at }) => status === 'failed' && Date.now() - Date.parse(at) < DAY_MS);
  const rest = jobs.filter((job) => !isLive(job) && job.status !== 'failed').slice(0, LAST);
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
        <Section title="Running" jobs={running} empty="Nothing is running." />
        {failed.length > 0 && <Section title="Failed in the last day" jobs={failed} empty="" />}
        {rest.length > 0 && <Section title="Made last" jobs={rest} empty="" />}
      </div>
    </>
  );
}

function Section({ title, jobs, empty }: { title: string; jobs: Parameters<typeof JobCard>[0]['job'][]; empty: string }): ReactElement {
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
