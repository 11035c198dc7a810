// The origins that the dashboard may load images and files from, in addition to the service itself: where downloads redirect to the object
// store.
import type { ObjectStoreConfig } from '@styleforge/config';

const AWS = 'https://s3.amazonaws.com';

export function downloadOrigins(store: ObjectStoreConfig): string[] {
  if (store.kind !== 's3' || store.downloads === 'stream') return [];
  const { protocol, host } = new URL(store.publicEndpoint ?? store.endpoint ?? AWS);
  // A bucket may be a path or a subdomain; AWS puts the region in between.
  const domain = host.endsWith('amazonaws.com') ? 'amazonaws.com' : host;
  return [`${protocol}//${domain}`, `${protocol}//*.${domain}`];
}
