// The log of deliveries to one endpoint, newest first, each with its request and response.
import type { WebhookDelivery } from '@styleforge/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { plural } from '../../data/format.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { Ago } from '../../ui/ago.tsx';
import { Failure, Loading, Pill } from '../../ui/parts.tsx';

export function Deliveries({ webhookId }: { webhookId: string }): ReactElement {
  const client = useClient();
  const { data, error } = useQuery({
    queryKey: ['deliveries', webhookId],
    queryFn: async () => (await client.webhooks.deliveries(webhookId, { limit: 50 })).data,
    refetchInterval: ({ state }) => (state.data?.some(({ status }) => status === 'pending') ? 2_000 : 15_000),
  });
  if (error) return <Failure error={error} what="Deliveries" />;
  if (!data) return <Loading height={80} />;
  if (data.length === 0) return <p className="soft">Nothing was sent yet. “Send a test” sends the first event.</p>;
  return (
    <ul className="stack">
      {data.map((delivery) => (
        <Delivery key={delivery.id} webhookId={webhookId} delivery={delivery} />
      ))}
    </ul>
  );
}

function Delivery({ webhookId, delivery }: { webhookId: string; delivery: WebhookDelivery }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const redeliver = useMutation({
    mutationFn: () => client.webhooks.redeliver(webhookId, delivery.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['deliveries', webhookId] }),
    onError: (error) => notifyError('The event could not be sent again', error),
  });
  const { event, status, attempts, response_status: response, response_body: body, error, payload, created_at: at, id } = delivery;
  return (
    <li>
      <details className="note">
        <summary>
          <strong>{event}</strong> <Pill status={status} /> <span className="soft num">{response ?? error ?? 'no response yet'},</span>{' '}
          <span className="soft num">
            {plural(attempts, 'attempt')}, <Ago time={at} />
          </span>
        </summary>
        {error && <p>{error}</p>}
        <p className="mono">{id}</p>
        <p>
          <button
            type="button"
            className="button small"
            disabled={redeliver.isPending || status === 'pending'}
            onClick={() => redeliver.mutate()}
          >
            Send again
          </button>
        </p>
        <Body label="Request" text={JSON.stringify(payload, null, 2)} />
        {body && <Body label="Response" text={body} />}
      </details>
    </li>
  );
}

function Body({ label, text }: { label: string; text: string }): ReactElement {
  return (
    <>
      <p>{label}</p>
      <pre className="code" tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </>
  );
}
