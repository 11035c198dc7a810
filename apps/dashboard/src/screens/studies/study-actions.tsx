// Actions on a study: copies its requests as code, cancels its jobs, deletes it.
import type { Study } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useLocation } from 'wouter';
import { keepResponse } from '../../data/edits.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { useDelete } from '../../data/undo.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Icon } from '../../ui/icons.tsx';

export function StudyActions({ study: { id, name, status } }: { study: Study }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const remove = useDelete();
  const [, navigate] = useLocation();
  const cancel = useMutation({
    mutationFn: () => client.studies.cancel(id),
    onSuccess: (next) => keepResponse(queries, ['studies', id], next),
    onError: (error) => notifyError('The study could not be cancelled', error),
  });
  const destroy = () => {
    remove({ ids: [id], label: `Study ${name}`, invalidates: 'studies', run: () => client.studies.delete(id) });
    navigate('/evaluations?tab=studies');
  };
  return (
    <>
      <CopyAsCode
        choices={[
          { label: 'Read the results', calls: [{ method: 'GET', path: `/v1/studies/${id}`, sdk: 'studies.get', args: [id] }] },
          { label: 'Cancel its jobs', calls: [{ method: 'POST', path: `/v1/studies/${id}/cancel`, sdk: 'studies.cancel', args: [id] }] },
        ]}
      />
      {status === 'running' ? (
        <button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel its jobs
        </button>
      ) : (
        <button type="button" className="button quiet danger icon" aria-label="Delete study" title="Its jobs stay" onClick={destroy}>
          <Icon name="trash" />
        </button>
      )}
    </>
  );
}
