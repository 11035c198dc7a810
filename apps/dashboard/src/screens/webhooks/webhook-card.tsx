// One endpoint: its events, switch, test, secret, and the log of deliveries on request.
import type { Webhook } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useWebhookActions } from '../../data/webhooks.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Pill } from '../../ui/parts.tsx';
import { SecretDialog } from '../../ui/secret-dialog.tsx';
import { Deliveries } from './deliveries.tsx';
import { EditWebhook } from './edit-webhook.tsx';

interface Props {
  webhook: Webhook;
  isOpen: boolean;
  onOpen(isOpen: boolean): void;
}

export function WebhookCard({ webhook, isOpen, onOpen }: Props): ReactElement {
  const [secret, setSecret] = useState('');
  const [isEditing, setEditing] = useState(false);
  const { id, url, events, status, disabled_reason: reason, made_by: maker } = webhook;
  return (
    <article className="card stack" aria-label={url}>
      <div className="row-apart">
        <h2 className="wrap">{url}</h2>
        <Pill status={status} />
      </div>
      {reason && <p className="note warn">{reason}</p>}
      <p className="small soft">
        {events.join(', ')}
        {maker === 'training_job' && ' (of the jobs that name this address)'}
      </p>
      <WebhookButtons webhook={webhook} isOpen={isOpen} onOpen={onOpen} onEdit={() => setEditing(true)} onSecret={setSecret} />
      {isOpen && <Deliveries webhookId={id} />}
      {isEditing && <EditWebhook webhook={webhook} onClose={() => setEditing(false)} />}
      {secret && <SecretDialog title="The new secret" secret={secret} onClose={() => setSecret('')} />}
    </article>
  );
}

function WebhookButtons(props: Props & { onEdit(): void; onSecret(secret: string): void }): ReactElement {
  const { webhook, isOpen, onOpen, onEdit, onSecret } = props;
  const { id, status } = webhook;
  const { test, rotate, update, remove } = useWebhookActions(webhook);
  const isOff = status === 'disabled';
  const quiet = (label: string, run: () => void, isBusy = false, kind = '') => (
    <button type="button" className={`button quiet small ${kind}`} disabled={isBusy} onClick={run}>
      {label}
    </button>
  );
  return (
    <div className="row">
      <button
        type="button"
        className="button small"
        disabled={test.isPending}
        onClick={() => test.mutate(undefined, { onSuccess: () => onOpen(true) })}
      >
        Send a test
      </button>
      <button type="button" className="button small" aria-expanded={isOpen} onClick={() => onOpen(!isOpen)}>
        Deliveries
      </button>
      {quiet('Edit', onEdit)}
      {quiet(isOff ? 'Enable' : 'Disable', () => update.mutate({ enabled: isOff }), update.isPending)}
      {quiet('Replace the secret', () => rotate.mutate(undefined, { onSuccess: ({ secret }) => onSecret(secret) }), rotate.isPending)}
      {quiet('Delete', remove, false, 'danger')}
      <CopyAsCode
        isQuiet
        choices={[
          { label: 'Send a test', calls: [{ method: 'POST', path: `/v1/webhooks/${id}/test`, sdk: 'webhooks.test', args: [id] }] },
          switchCall(webhook),
        ]}
      />
    </div>
  );
}

function switchCall({ id, status }: Webhook) {
  const body = { enabled: status === 'disabled' };
  return {
    label: body.enabled ? 'Enable' : 'Disable',
    calls: [{ method: 'PATCH' as const, path: `/v1/webhooks/${id}`, body, sdk: 'webhooks.update', args: [id] }],
  };
}
