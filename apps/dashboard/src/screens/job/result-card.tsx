// Result of a finished job: the verdict of its evaluation, and next actions for the model.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';
import { useJobReport } from '../../data/job-live.ts';
import { useCheckpoint } from '../../data/registry.ts';
import { DownloadFormats } from '../../ui/download-formats.tsx';
import { NameModel } from '../models/name-model.tsx';

export function ResultCard({ job }: { job: TrainingJob }): ReactElement | null {
  const { data: checkpoint } = useCheckpoint(job.result?.checkpoint_id ?? null);
  const [isNaming, setNaming] = useState(false);
  if (job.status !== 'succeeded' || !checkpoint) return null;
  return (
    <section className="card stack" aria-label="Result">
      <div className="row-apart">
        <h2>The model is ready</h2>
        <button type="button" className="button small" onClick={() => setNaming(true)}>
          Register as model
        </button>
      </div>
      {job.result?.evaluation_id && <Verdict job={job} />}
      <DownloadFormats id={checkpoint.id} formats={checkpoint.formats} />
      {isNaming && <NameModel from={job.id} onClose={() => setNaming(false)} />}
    </section>
  );
}

function Verdict({ job }: { job: TrainingJob }): ReactElement | null {
  const { data } = useJobReport(job);
  if (data === undefined || typeof data === 'string') return null;
  return (
    <p className="measure">
      {data.verdict.summary} <Link href={`/jobs/${job.id}/report`}>Read the report</Link>
    </p>
  );
}
