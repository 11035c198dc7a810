// Webhooks: endpoints with the events they receive, a test, and the log of deliveries.
import type { Webhook, WebhookCreateParams } from '@styleforge/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { takeAll } from '../../data/queries.ts';
import { useClient } from '../../data/session.ts';
import { notify, notifyError } from '../../data/toasts.ts';
import { useDelete, useHidden } from '../../data/undo.ts';
import { CopyAsCode } from '../../ui/copy-as-code.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Empty, Failure, Loading, PageHead, Pill } from '../../ui/parts.tsx';
import { SecretDialog } from '../../ui/secret-dialog.tsx';
import { Deliveries } from './deliveries.tsx';

export function Webhooks(): ReactElement {
  const client = useClient();
  const hidden = useHidden();
  const [params, setParams] = useSearchParams();
  const [isMaking, setMaking] = useState(false);
  const { data, error } = useQuery({ queryKey: ['webhooks'], queryFn: () => takeAll(client.webhooks.list({ limit: 100 })) });
  const shown = params.get('deliveries');
  return (
    <>
      <PageHead title="Webhooks" about="The service sends events to these addresses.">
        <button type="button" className="button primary" onClick={() => setMaking(true)}>
          <Icon name="plus" />
          New webhook
        </button>
      </PageHead>
      {error && <Failure error={error} what="Webhooks" />}
      {!data && !error && <Loading />}
      {data?.length === 0 && (
        <Empty title="No webhooks" icon="hook">
          <p>Add one to be notified when a job ends.</p>
        </Empty>
      )}
      <div className="stack">
        {data
          ?.filter(({ id }) => !hidden.has(id))
          .map((webhook) => (
            <WebhookCard
              key={webhook.id}
              webhook={webhook}
              isOpen={webhook.id === shown}
              onOpen={(isOpen) => setParams(isOpen ? { deliveries: webhook.id } : {}, { replace: true })}
            />
          ))}
      </div>
      {isMaking && <NewWebhook onClose={() => setMaking(false)} />}
    </>
  );
}

function WebhookCard({ webhook, isOpen, onOpen }: { webhook: Webhook; isOpen: boolean; onOpen(isOpen: boolean): void }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const remove = useDelete();
  const [secret, setSecret] = useState('');
  const { id, url, events, status, disabled_reason: reason } = webhook;
  const failed = (what: string) => (error: Error) => notifyError(what, error);
  const test = useMutation({
    mutationFn: () => client.webhooks.test(id),
    onSuccess: () => {
      notify({ title: 'The test event is on its way' });
      void queries.invalidateQueries({ queryKey: ['deliveries', id] });
      onOpen(true);
    },
    onError: failed('The test could not be sent'),
  });
  const rotate = useMutation({
    mutationFn: () => client.webhooks.rotateSecret(id),
    onSuccess: ({ secret: next }) => setSecret(next),
    onError: failed('The secret could not be replaced'),
  });
  return (
    <article className="card stack">
      <div className="row-apart">
        <h2 className="wrap">{url}</h2>
        <Pill status={status} />
      </div>
      {reason && <p className="note warn">{reason}</p>}
      <p className="small soft">{events.join(', ')}</p>
      <div className="row">
        <button type="button" className="button small" disabled={test.isPending} onClick={() => test.mutate()}>
          Send a test
        </button>
        <button type="button" className="button small" aria-expanded={isOpen} onClick={() => onOpen(!isOpen)}>
          Deliveries
        </button>
        <button type="button" className="button quiet small" disabled={rotate.isPending} onClick={() => rotate.mutate()}>
          Replace the secret
        </button>
        <button
          type="button"
          className="button quiet small danger"
          onClick={() =>
            remove({ ids: [id], label: `Webhook ${new URL(url).host}`, invalidates: 'webhooks', run: () => client.webhooks.delete(id) })
          }
        >
          Delete
        </button>
      </div>
      {isOpen && <Deliveries webhookId={id} />}
      {secret && <SecretDialog title="The new secret" secret={secret} onClose={() => setSecret('')} />}
    </article>
  );
}

type EventName = WebhookCreateParams['events'][number];
const EVENTS: EventName[] = [
  'training_job.queued',
  'training_job.validating',
  'training_job.running',
  'training_job.evaluating',
  'training_job.paused',
  'training_job.succeeded',
  'training_job.failed',
  'training_job.cancelled',
  'generation.succeeded',
  'generation.failed',
  'evaluation.succeeded',
  'evaluation.failed',
  'evaluation.cancelled',
  'study.finished',
  'model.created',
  'model.version_created',
  'model.deleted',
  'worker.online',
  'worker.draining',
  'worker.drained',
  'worker.stopping',
  'worker.stopped',
  'worker.lost',
];
const USUAL: EventName[] = ['training_job.succeeded', 'training_job.failed'];

function NewWebhook({ onClose }: { onClose(): void }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState(USUAL);
  const create = useMutation({
    mutationFn: () => client.webhooks.create({ url, events }),
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
        <div className="field">
          <label htmlFor="hook-url">Address</label>
          <input
            id="hook-url"
            className="input"
            type="url"
            value={url}
            placeholder="https://example.com/hooks"
            onChange={(event) => setUrl(event.target.value)}
            autoFocus
          />
        </div>
        <fieldset>
          <legend className="label">Events</legend>
          {EVENTS.map((name) => (
            <label key={name} className="check">
              <input
                type="checkbox"
                checked={events.includes(name)}
                onChange={(event) => setEvents(event.target.checked ? [...events, name] : events.filter((one) => one !== name))}
              />
              <span className="mono">{name}</span>
            </label>
          ))}
        </fieldset>
        <DialogActions label="Create" disabled={url === '' || events.length === 0 || create.isPending} onClose={onClose} />
      </form>
      <CopyAsCode
        isQuiet
        choices={[{ label: 'Create', calls: [{ method: 'POST', path: '/v1/webhooks', body: { url, events }, sdk: 'webhooks.create' }] }]}
      />
    </Dialog>
  );
}
