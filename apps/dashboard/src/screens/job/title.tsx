// Name, star and deletion of a job.
import type { TrainingJob } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useLocation } from 'wouter';
import { jobName } from '../../data/jobs.ts';
import { isLive } from '../../data/job-list.ts';
import { keepResponse } from '../../data/edits.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { useDelete } from '../../data/undo.ts';
import { Icon } from '../../ui/icons.tsx';
import { StarButton } from '../../ui/image-buttons.tsx';
import { RenameButton } from '../../ui/rename-button.tsx';

export function JobTitleActions({ job }: { job: TrainingJob }): ReactElement {
  const { trainingJobs } = useClient();
  const queries = useQueryClient();
  const remove = useDelete();
  const [, navigate] = useLocation();
  const name = jobName({ ...job, suffix: job.config.suffix });
  const update = useMutation({
    mutationFn: (change: { name?: string; starred?: boolean }) => trainingJobs.update(job.id, change),
    onSuccess: async (next) => {
      await keepResponse(queries, ['job', job.id], next);
      await queries.invalidateQueries({ queryKey: ['jobs'] });
    },
    onError: (error) => notifyError('The job could not be changed', error),
  });
  const destroy = () => {
    remove({ ids: [job.id], label: name, invalidates: 'jobs', run: () => trainingJobs.delete(job.id) });
    navigate('/jobs');
  };
  return (
    <span className="row nowrap">
      <StarButton kind="quiet" isOn={job.starred} toggle={() => update.mutate({ starred: !job.starred })} />
      <RenameButton name={name} onRename={(next) => update.mutate({ name: next })} />
      {!isLive(job) && job.status !== 'paused' && (
        <button type="button" className="button quiet danger icon" aria-label="Delete job" onClick={destroy}>
          <Icon name="trash" />
        </button>
      )}
    </span>
  );
}
