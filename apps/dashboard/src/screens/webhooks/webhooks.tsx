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
