// Dialog that changes the address or events of an endpoint; its secret and log are kept.
import type { Webhook } from '@styleforge/sdk';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { useWebhookActions } from '../../data/webhooks.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { WebhookFields } from './webhook-fields.tsx';

export function EditWebhook({ webhook, onClose }: { webhook: Webhook; onClose(): void }): ReactElement {
  const [{ url, events }, setValue] = useState({ url: webhook.url, events: webhook.events });
  const { update } = useWebhookActions(webhook);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    update.mutate({ ...(url !== webhook.url && { url }), events }, { onSuccess: onClose });
  };
  return (
    <Dialog title="Edit webhook" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <WebhookFields url={url} events={events} onChange={setValue} />
        <DialogActions label="Save" disabled={url === '' || events.length === 0 || update.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}
