// Webhooks: endpoints with the events they receive, a test, and the log of deliveries.
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { takeAll } from '../../data/take-all.ts';
import { useClient } from '../../data/session.ts';
import { useHidden } from '../../data/undo.ts';
import { Icon } from '../../ui/icons.tsx';
import { Empty, Failure, Loading, PageHead } from '../../ui/parts.tsx';
import { NewWebhook } from './new-webhook.tsx';
import { WebhookCard } from './webhook-card.tsx';

export function Webhooks(): ReactElement {
  const client = useClient();
  const hidden = useHidden();
  const [params, setParams] = useSearchParams();
  const [isMaking, setMaking] = useState(false);
  const { data, error } = useQuery({ queryKey: ['webhooks'], queryFn: () => takeAll(client.webhooks.list({ limit: 100 })) });
  const all = data?.filter(({ id }) => !hidden.has(id));
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
      {all?.length === 0 && (
        <Empty title="No webhooks yet" icon="hook">
          <p>A webhook tells another program when a job ends, a model gets a name, or a worker stops: the service sends it each event.</p>
          <button type="button" className="button primary" onClick={() => setMaking(true)}>
            Add an address
          </button>
        </Empty>
      )}
      <div className="stack">
        {all?.map((webhook) => (
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
