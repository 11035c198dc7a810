// Cancels an unfinished evaluation, or deletes a finished one.
import type { Evaluation } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useLocation } from 'wouter';
import { keepResponse } from '../../data/edits.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { useDelete } from '../../data/undo.ts';
import { Icon } from '../../ui/icons.tsx';

export function EvaluationActions({ evaluation: { id, status }, name }: { evaluation: Evaluation; name: string }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const remove = useDelete();
  const [, navigate] = useLocation();
  const cancel = useMutation({
    mutationFn: () => client.evaluations.cancel(id),
    onSuccess: (next) => keepResponse(queries, ['evaluation', id], next),
    onError: (error) => notifyError('The evaluation could not be cancelled', error),
  });
  if (status === 'queued' || status === 'running') {
    return (
      <button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
        Cancel
      </button>
    );
  }
  const destroy = () => {
    remove({ ids: [id], label: `Evaluation of ${name}`, invalidates: 'evaluations', run: () => client.evaluations.delete(id) });
    navigate('/evaluations');
  };
  return (
    <button type="button" className="button quiet danger icon" aria-label="Delete evaluation" onClick={destroy}>
      <Icon name="trash" />
    </button>
  );
}
