// Actions on a webhook endpoint.
import type { Webhook, WebhookUpdateParams } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useClient } from './session.ts';
import { notify, notifyError } from './toasts.ts';
import { useDelete } from './undo.ts';

export function useWebhookActions({ id, url }: Webhook) {
  const client = useClient();
  const queries = useQueryClient();
  const remove = useDelete();
  const failed = (what: string) => (error: Error) => notifyError(what, error);
  const test = useMutation({
    mutationFn: () => client.webhooks.test(id),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['deliveries', id] });
      notify({ title: 'The test event is on its way' });
    },
    onError: failed('The test could not be sent'),
  });
  const rotate = useMutation({
    mutationFn: () => client.webhooks.rotateSecret(id),
    onError: failed('The secret could not be replaced'),
  });
  const update = useMutation({
    mutationFn: (change: WebhookUpdateParams) => client.webhooks.update(id, change),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['webhooks'] }),
    onError: failed('The webhook could not be changed'),
  });
  return {
    test,
    rotate,
    update,
    remove: () =>
      remove({ ids: [id], label: `Webhook ${new URL(url).host}`, invalidates: 'webhooks', run: () => client.webhooks.delete(id) }),
  };
}
