// Overview of a running job: the samples by step and the loss, with a shared crosshair.
import type { TrainingJob } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import { isLive } from '../../data/job-list.ts';
import { useCheckpoints, useMetrics, useSamples } from '../../data/job-live.ts';
import { Failure } from '../../ui/parts.tsx';
import { Curves } from './curves.tsx';
import { LastEvents } from './last-events.tsx';
import { ResultCard } from './result-card.tsx';
import { arrange, PlaySteps, Samples } from './samples.tsx';

export function Overview({ job }: { job: TrainingJob }): ReactElement {
  const metrics = useMetrics(job);
  const samples = useSamples(job);
  const checkpoints = useCheckpoints(job);
  const [step, setStep] = useState<number | null>(null);
  const steps = useMemo(() => arrange(samples.data ?? []).steps, [samples.data]);
  const marks = useMemo(() => ({ checkpoints: checkpoints.data?.map((one) => one.step) ?? [], samples: steps }), [checkpoints.data, steps]);
  return (
    <div className="stack-l">
      {samples.error && <Failure error={samples.error} what="Samples" />}
      {samples.data && samples.data.length > 0 && (
        <div className="stack">
          <Samples jobId={job.id} images={samples.data} checkpoints={checkpoints.data ?? []} step={step} onStep={setStep} />
          <div className="row">
            <PlaySteps steps={steps} onStep={setStep} />
          </div>
        </div>
      )}
      {samples.data?.length === 0 && <NoSamples job={job} />}
      {job.result?.candidates && (
        <p className="note">
          <Link href={`/jobs/${job.id}/candidates`}>Keep or drop the candidates</Link> that this job has generated: a second round trains on
          those you keep.
        </p>
      )}
      <ResultCard job={job} />
      {metrics.error && <Failure error={metrics.error} what="The curves" />}
      {metrics.data && (metrics.data.length > 0 || isLive(job)) && (
        <Curves metrics={metrics.data} scores={job.result?.early_stopping} marks={marks} step={step} onStep={setStep} />
      )}
      <LastEvents job={job} />
    </div>
  );
}

function NoSamples({ job }: { job: TrainingJob }): ReactElement {
  const { validation } = job.config;
  if (validation)
    return (
      <p className="note">
        {isLive(job) ? `The first samples appear at step ${validation.every_steps}.` : 'This job generated no samples.'}
      </p>
    );
  return (
    <p className="note">
      This job generates no samples during the training. <Link href={`/train?from=${job.id}`}>Clone it</Link> with sample prompts to watch
      the style develop.
    </p>
  );
}
