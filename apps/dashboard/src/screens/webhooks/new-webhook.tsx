// Dialog that creates an endpoint from address and events, then shows its signing secret once.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { SecretDialog } from '../../ui/secret-dialog.tsx';
import { WebhookFields, type WebhookValue } from './webhook-fields.tsx';

export function NewWebhook({ onClose }: { onClose(): void }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [value, setValue] = useState<WebhookValue>({ url: '', events: ['training_job.succeeded', 'training_job.failed'] });
  const create = useMutation({
    mutationFn: () => client.webhooks.create(value),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['webhooks'] }),
    onError: (error) => notifyError('The webhook could not be created', error),
  });
  if (create.data) return <SecretDialog title="The signing secret" secret={create.data.secret} onClose={onClose} />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog title="New webhook" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <WebhookFields {...value} onChange={setValue} />
        <DialogActions label="Create" disabled={value.url === '' || value.events.length === 0 || create.isPending} onClose={onClose} />
      </form>
      <CopyAsCode
        isQuiet
        choices={[{ label: 'Create', calls: [{ method: 'POST', path: '/v1/webhooks', body: value, sdk: 'webhooks.create' }] }]}
      />
    </Dialog>
  );
}
