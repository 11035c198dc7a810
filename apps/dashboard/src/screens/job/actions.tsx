// Actions on a job in its status.
import type { StyleForge, TrainingJob } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';
import { isLive } from '../../data/job-list.ts';
import { keepResponse } from '../../data/edits.ts';
import { useClient } from '../../data/session.ts';
import { notify, notifyError } from '../../data/toasts.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';

type Steer = { title: string; run(): Promise<TrainingJob> };

interface Action extends Steer {
  label: string;
  tone?: string;
  /** Whether the action was requested and the worker has not completed it yet. */
  isPending?: boolean;
}

/** Whether the job would fail again as it is: a clone can have other settings. */
const mustChange = ({ error }: TrainingJob): boolean => error?.retryable === false;

/** What the job's status allows. */
function actionsOf(job: TrainingJob, jobs: StyleForge['trainingJobs']): Action[] {
  const { id, status, cancel_requested: isStopping } = job;
  const isTraining = ['validating', 'running'].includes(status);
  const actions: (Action | false)[] = [
    isTraining &&
      !isStopping && {
        ...{ label: 'Save now', title: 'A checkpoint is saved after this step; the job continues' },
        ...{ run: () => jobs.saveNow(id), isPending: job.checkpoint_requested_at !== null },
      },
    isTraining &&
      !isStopping && {
        ...{ label: 'Sample now', title: 'Sample images are generated after this step; the job continues' },
        ...{ run: () => jobs.sampleNow(id), isPending: job.sample_requested_at !== null },
      },
    (isTraining || status === 'queued') && {
      ...{ label: 'Pause', title: 'The job saves a checkpoint and pauses', run: () => jobs.pause(id) },
    },
    ['paused', 'failed', 'cancelled'].includes(status) && {
      ...{
        label: 'Resume',
        title: 'The job continues from its last checkpoint',
        run: () => jobs.resume(id),
        tone: mustChange(job) ? '' : 'primary',
      },
    },
    (isLive(job) || status === 'paused') &&
      !isStopping && { label: 'Stop and keep', title: 'The job saves a checkpoint and stops', run: () => jobs.cancel(id) },
  ];
  return actions.filter((action) => action !== false);
}

function useSteering({ id }: TrainingJob) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ run }: Steer) => run(),
    onSuccess: async (next, { title }) => {
      await keepResponse(queries, ['job', id], next);
      await queries.invalidateQueries({ queryKey: ['jobs'] });
      notify({ title });
    },
    onError: (error) => notifyError('The action failed', error),
  });
}

export function JobActions({ job }: { job: TrainingJob }): ReactElement {
  const { trainingJobs } = useClient();
  const steer = useSteering(job);
  return (
    <>
      {actionsOf(job, trainingJobs).map(({ label, tone = '', isPending = false, ...action }) => (
        <button
          key={label}
          type="button"
          className={`button ${tone}`}
          disabled={steer.isPending || isPending}
          aria-busy={isPending}
          onClick={() => steer.mutate(action)}
        >
          {label}
        </button>
      ))}
      {job.status === 'succeeded' && <UseOrExtend job={job} onSteer={steer.mutate} />}
      <Link className={`button ${mustChange(job) ? 'primary' : ''}`} href={`/train?from=${job.id}`}>
        Clone
      </Link>
    </>
  );
}

function UseOrExtend({ job: { id, progress }, onSteer }: { job: TrainingJob; onSteer(steer: Steer): void }): ReactElement {
  const { trainingJobs } = useClient();
  const [isExtending, setExtending] = useState(false);
  const extend = (steps: number) => {
    setExtending(false);
    onSteer({ title: `The job continues to step ${steps}`, run: () => trainingJobs.resume(id, { max_train_steps: steps }) });
  };
  return (
    <>
      <Link className="button primary" href={`/play?model=${id}`}>
        Use this model
      </Link>
      <button type="button" className="button" onClick={() => setExtending(true)}>
        Extend
      </button>
      {isExtending && <Extend done={progress.of} onClose={() => setExtending(false)} onExtend={extend} />}
    </>
  );
}

function Extend({ done, onClose, onExtend }: { done: number; onClose(): void; onExtend(steps: number): void }): ReactElement {
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
