// `styleforge webhooks`: manages the endpoints that receive events.
import { WEBHOOK_EVENTS } from '@styleforge/contracts';
import type { WebhookCreateParams } from '@styleforge/sdk';
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatTime } from '../../terminal/output.ts';
import { addVerb, collect } from '../../verb.ts';

type UpdateOptions = { url?: string; event?: WebhookCreateParams['events']; enable?: true; disable?: true };

export function addWebhookCommands(program: Command): void {
  const webhooks = program.command('webhooks').description('Manage webhook endpoints');
  addEndpoints(webhooks);
  addUpdate(webhooks);
  addDeliveries(webhooks);
}

function addEndpoints(webhooks: Command): void {
  addVerb(webhooks, {
    usage: 'create <url>',
    description: 'Add an endpoint; its secret is shown only once',
    examples: [
      'styleforge webhooks create https://example.com/hooks',
      'styleforge webhooks create https://example.com/hooks --event training_job.failed',
    ],
    options: (command) =>
      void command.addOption(
        new Option('--event <event>', `event to send, may be repeated; default: all of ${WEBHOOK_EVENTS.join(', ')}`).argParser(collect),
      ),
    async run({ client, output }, { event }: { event?: WebhookCreateParams['events'] }, url: string) {
      const webhook = await client().webhooks.create({ url, events: event ?? [...WEBHOOK_EVENTS] });
      output.result(webhook, () => {
        output.line(webhook.secret);
        output.note(`${webhook.id}  ${webhook.url}. The secret is shown only once; keep it.`);
      });
    },
  });
  addVerb(webhooks, {
    usage: 'list',
    description: 'List the endpoints',
    examples: ['styleforge webhooks list'],
    async run({ client, output }) {
      const { data, has_more, next } = await client().webhooks.list({ limit: 100 });
      const rows = data.map(({ id, url, status, events, failing_since }) => [
        id,
        url,
        status,
        events.length,
        failing_since && formatTime(failing_since),
      ]);
      output.result({ data, has_more, next }, () =>
        output.table(['ID', 'URL', 'STATUS', 'EVENTS', 'FAILING SINCE'], rows, 'There are no webhooks.'),
      );
    },
  });
  addVerb(webhooks, {
    usage: 'rotate-secret <webhook>',
    description: 'Replace the secret; both secrets sign deliveries for a day',
    examples: ['styleforge webhooks rotate-secret whk_...'],
    async run({ client, output }, _options, id: string) {
      const webhook = await client().webhooks.rotateSecret(id);
      output.result(webhook, () => output.line(webhook.secret));
    },
  });
  addVerb(webhooks, {
    usage: 'delete <webhook>',
    description: 'Delete an endpoint',
    examples: ['styleforge webhooks delete whk_...'],
    async run({ client, output }, _options, id: string) {
      await client().webhooks.delete(id);
      output.result({ id, deleted: true }, () => output.line(`${id} is deleted`));
    },
  });
}

function addUpdate(webhooks: Command): void {
  addVerb(webhooks, {
    usage: 'update <webhook>',
    description: 'Change the URL or the events of an endpoint, or switch it off and on',
    examples: ['styleforge webhooks update whk_... --event training_job.failed', 'styleforge webhooks update whk_... --disable'],
    options: (command) =>
      void command
        .option('--url <url>', 'URL that events are sent to')
        .addOption(new Option('--event <event>', 'event to send, may be repeated; replaces the current list').argParser(collect))
        .option('--enable', 'enable a disabled endpoint')
        .addOption(new Option('--disable', 'send no further events').conflicts('enable')),
    async run({ output, client }, { url, event, enable, disable }: UpdateOptions, id: string) {
      const enabled = enable ? true : disable ? false : undefined;
      const changes = { ...(url && { url }), ...(event && { events: event }), ...(enabled !== undefined && { enabled }) };
      const webhook = await client().webhooks.update(id, changes);
      output.result(webhook, () => output.line(`${webhook.id}  ${webhook.url}  ${webhook.status}`));
    },
  });
}

function addDeliveries(webhooks: Command): void {
  addVerb(webhooks, {
    usage: 'test <webhook>',
    description: 'Send an event of the type webhook.test',
    examples: ['styleforge webhooks test whk_...'],
    async run({ client, output }, _options, id: string) {
      const delivery = await client().webhooks.test(id);
      output.result(delivery, () => output.line(`${delivery.id} is on its way: \`styleforge webhooks deliveries ${id}\` shows the result`));
    },
  });
  addVerb(webhooks, {
    usage: 'deliveries <webhook>',
    description: 'List deliveries with their responses, newest first',
    examples: ['styleforge webhooks deliveries whk_...'],
    async run({ client, output }, _options, id: string) {
      const { data, has_more, next } = await client().webhooks.deliveries(id);
      const rows = data.map(({ id: deliveryId, event, status, attempts, response_status, error, created_at }) => [
        deliveryId,
        formatTime(created_at),
        event,
        status,
        attempts,
        response_status,
        error,
      ]);
      output.result({ data, has_more, next }, () =>
        output.table(['ID', 'SENT', 'EVENT', 'STATUS', 'ATTEMPTS', 'ANSWER', 'ERROR'], rows, 'Nothing has been sent yet.'),
      );
    },
  });
  addVerb(webhooks, {
    usage: 'redeliver <webhook> <delivery>',
    description: 'Send an event again, with the same body and id',
    examples: ['styleforge webhooks redeliver whk_... whd_...'],
    async run({ client, output }, _options, id: string, deliveryId: string) {
      const delivery = await client().webhooks.redeliver(id, deliveryId);
      output.result(delivery, () => output.line(`${delivery.event} ${delivery.id} is on its way`));
    },
  });
}
