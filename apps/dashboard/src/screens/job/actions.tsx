// What can be done with a job in its status.
import type { TrainingJob } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';
import { isLive } from '../../data/job-list.ts';
import { useClient } from '../../data/session.ts';
import { notify, notifyError } from '../../data/toasts.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';

type Steer = { title: string; run(): Promise<TrainingJob> };

export function JobActions({ job }: { job: TrainingJob }): ReactElement {
  const { trainingJobs } = useClient();
  const queries = useQueryClient();
  const [isExtending, setExtending] = useState(false);
  const steer = useMutation({
    mutationFn: ({ run }: Steer) => run(),
    onSuccess: (next, { title }) => {
      queries.setQueryData(['job', job.id], next);
      void queries.invalidateQueries({ queryKey: ['jobs'] });
      notify({ title });
    },
    onError: (error) => notifyError('The action failed', error),
  });
  const button = (label: string, title: string, run: () => Promise<TrainingJob>, { tone = '', isPending = false } = {}) => (
    <button
      type="button"
      className={`button ${tone}`}
      disabled={steer.isPending || isPending}
      aria-busy={isPending}
      onClick={() => steer.mutate({ title, run })}
    >
      {label}
    </button>
  );
  const isTraining = ['validating', 'running'].includes(job.status) && !job.cancel_requested;
  const canPause = ['queued', 'validating', 'running'].includes(job.status);
  return (
    <>
      {isTraining &&
        button('Save now', 'A checkpoint is saved after this step; the job continues', () => trainingJobs.saveNow(job.id), {
          isPending: job.checkpoint_requested_at !== null,
        })}
      {isTraining &&
        button('Sample now', 'Sample images are generated after this step; the job continues', () => trainingJobs.sampleNow(job.id), {
          isPending: job.sample_requested_at !== null,
        })}
      {canPause && button('Pause', 'The job saves a checkpoint and pauses', () => trainingJobs.pause(job.id))}
      {(job.status === 'paused' || job.status === 'failed' || job.status === 'cancelled') &&
        button('Resume', 'The job continues from its last checkpoint', () => trainingJobs.resume(job.id), { tone: 'primary' })}
      {(isLive(job) || job.status === 'paused') &&
        !job.cancel_requested &&
        button('Stop and keep', 'The job saves a checkpoint and stops', () => trainingJobs.cancel(job.id))}
      {job.status === 'succeeded' && (
        <>
          <Link className="button primary" href={`/play?model=${job.id}`}>
            Use this model
          </Link>
          <button type="button" className="button" onClick={() => setExtending(true)}>
            Extend
          </button>
        </>
      )}
      <Link className="button" href={`/train?from=${job.id}`}>
        Clone
      </Link>
      {isExtending && (
        <Extend
          job={job}
          onClose={() => setExtending(false)}
          onExtend={(steps) => {
            setExtending(false);
            steer.mutate({
              title: `The job continues to step ${steps}`,
              run: () => trainingJobs.resume(job.id, { max_train_steps: steps }),
            });
          }}
        />
      )}
    </>
  );
}

function Extend({ job, onClose, onExtend }: { job: TrainingJob; onClose(): void; onExtend(steps: number): void }): ReactElement {
  const done = job.progress.of;
  const [more, setMore] = useState(Math.max(1, Math.round(done / 2)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onExtend(done + more);
  };
  return (
    <Dialog title="Train further" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <div className="field">
          <label htmlFor="more">Further steps</label>
          <input
            id="more"
            className="input"
            type="number"
            min={1}
            value={more}
            onChange={(event) => setMore(Number(event.target.value))}
            autoFocus
          />
          <span className="help">
            The job has finished step {done}. It continues to step {done + more} from its last checkpoint.
          </span>
        </div>
        <DialogActions label="Train" disabled={!(more > 0)} onClose={onClose} />
      </form>
    </Dialog>
  );
}
