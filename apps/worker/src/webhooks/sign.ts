// Signs a delivery as Standard Webhooks says: HMAC-SHA256 over id, timestamp and body, one signature for each secret.
import { createHmac } from 'node:crypto';

const SECRET_PREFIX = 'whsec_';

export function signedHeaders(secrets: string[], id: string, timestamp: Date, body: string): Record<string, string> {
  const seconds = String(Math.floor(timestamp.getTime() / 1_000));
  const signatures = secrets.map((secret) => `v1,${signature(secret, `${id}.${seconds}.${body}`)}`);
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') };
}

function signature(secret: string, content: string): string {
  return createHmac('sha256', Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64'))
    .update(content)
    .digest('base64');
}
