// Result of the evaluation: the verdict, each metric of each model, and the report as a page.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { Link } from 'wouter';
import { useJobReport } from '../../data/job-live.ts';
import { Empty, Failure, Loading } from '../../ui/parts.tsx';
import { ShareReport } from '../evaluations/share-report.tsx';
import { ReportView } from '../evaluations/report-view.tsx';

export function ReportTab({ job }: { job: TrainingJob }): ReactElement {
  const { data, error } = useJobReport(job);
  if (error) return <Failure error={error} what="The report" />;
  if (data === undefined) return <Loading />;
  if (data === 'pending') return <p className="note">The report appears when the job has succeeded.</p>;
  if (data === 'none') {
    return (
      <Empty title="This job was not evaluated" icon="chart">
        <p>An evaluation compares its images with those of the base model and with your style, in numbers and side by side.</p>
        {job.status === 'succeeded' && (
          <Link className="button primary" href={`/evaluations?new=${job.id}`}>
            Evaluate
          </Link>
        )}
      </Empty>
    );
  }
  return (
    <div className="stack">
      <div className="row">
        <a className="button" href={`/v1/training-jobs/${job.id}/report`} target="_blank" rel="noreferrer">
          Open as a page
        </a>
        <ShareReport id={job.id} />
      </div>
      <ReportView report={data} />
    </div>
  );
}
