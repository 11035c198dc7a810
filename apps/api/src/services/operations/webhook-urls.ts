// Refuses a webhook's URL that names an address which no webhook may reach; any other host name is checked at every delivery.
import { literalAddress } from '@styleforge/config';
import type { FieldError } from '@styleforge/contracts';
import type { ApiDependencies } from '../../dependencies.ts';

export function checkWebhookUrl({ mayReach }: Pick<ApiDependencies, 'mayReach'>, pointer: string, url: string): FieldError[] {
  const parsed = new URL(url);
  const known = knownAddresses(parsed);
  if (known.length === 0 || known.some(mayReach)) return [];
  const detail =
    `names ${parsed.hostname}, a private or special address; use an address that is reachable from the internet, ` +
    'or ask the operator to allow its network (WEBHOOK_ALLOWED_NETWORKS)';
  return [{ pointer, detail }];
}

/** Addresses that the URL itself states; `localhost` always resolves to these (RFC 6761). */
function knownAddresses(url: URL): string[] {
  if (/(^|\.)localhost\.?$/.test(url.hostname)) return ['127.0.0.1', '::1'];
  const literal = literalAddress(url);
  return literal === undefined ? [] : [literal];
}
