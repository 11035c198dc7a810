// Actions on a checkpoint: evaluate, keep, name as a model, delete.
import type { Checkpoint } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { useDelete } from '../../data/undo.ts';
import { Icon } from '../../ui/icons.tsx';
import { NameModel } from '../models/name-model.tsx';

function usePin({ id, starred, training_job_id: jobId }: Checkpoint) {
  const client = useClient();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => client.trainingJobs.updateCheckpoint(id, { starred: !starred }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['checkpoints', jobId] }),
    onError: (error) => notifyError('The checkpoint could not be changed', error),
  });
}

export function CheckpointActions({ checkpoint, isResult }: { checkpoint: Checkpoint; isResult: boolean }): ReactElement {
  const client = useClient();
  const remove = useDelete();
  const [isNaming, setNaming] = useState(false);
  const { id, step, starred } = checkpoint;
  const pin = usePin(checkpoint);
  return (
    <>
      <Link className="button small" href={`/evaluations?new=${id}`}>
        Evaluate
      </Link>
      <button type="button" className="button small" onClick={() => setNaming(true)}>
        Register as model
      </button>
      <button
        type="button"
        className="button small"
        aria-pressed={starred}
        title="A checkpoint with a star is never removed automatically"
        onClick={() => pin.mutate()}
      >
        {starred ? 'Kept' : 'Keep'}
      </button>
      {!isResult && (
        <button
          type="button"
          className="button quiet small danger icon"
          aria-label={`Delete the checkpoint of step ${step}`}
          onClick={() =>
            remove({ ids: [id], label: `Checkpoint of step ${step}`, invalidates: 'checkpoints', run: () => client.checkpoints.delete(id) })
          }
        >
          <Icon name="trash" size={15} />
        </button>
      )}
      {isNaming && <NameModel from={id} onClose={() => setNaming(false)} />}
    </>
  );
}
