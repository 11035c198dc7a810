// Refuses a webhook's URL that names an address which no webhook may reach; a host name is checked at every delivery.
import { literalAddress } from '@styleforge/config';
import type { FieldError } from '@styleforge/contracts';
import type { ApiDependencies } from '../dependencies.ts';

export function checkWebhookUrl({ mayReach }: Pick<ApiDependencies, 'mayReach'>, pointer: string, url: string): FieldError[] {
  const address = literalAddress(new URL(url));
  if (address === undefined || mayReach(address)) return [];
  return [{ pointer, detail: `names ${address}, a private or special address; give one that is reachable from the internet` }];
}
