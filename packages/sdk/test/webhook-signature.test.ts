// Signatures of webhooks, written by the reference implementation of Standard Webhooks and by hand.
import { createHmac } from 'node:crypto';
import { unwrapWebhook, WebhookSignatureError } from '@styleforge/sdk';
import { describe, expect, it } from 'vitest';

const key = Buffer.from('0123456789abcdef0123456789abcdef');
const secret = `whsec_${key.toString('base64')}`;
const payload = JSON.stringify({ type: 'training_job.succeeded', data: { id: 'job_1' } });

/** Signature as the standard defines it: HMAC-SHA256 of id.timestamp.body. */
function sign(body: string, { at = Date.now(), by = key } = {}): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac('sha256', by).update(`msg_1.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

describe('unwrapWebhook', () => {
  it('returns the event if the signature is valid, from headers of any kind', () => {
    const headers = sign(payload);
    expect(unwrapWebhook<{ type: string }>(payload, headers, secret).type).toBe('training_job.succeeded');
    expect(unwrapWebhook(Buffer.from(payload), new Headers(headers), secret)).toEqual(JSON.parse(payload));
    expect(unwrapWebhook(payload, { 'Webhook-Id': ['msg_1'], ...headers }, secret)).toEqual(JSON.parse(payload));
  });

  it('accepts one of several signatures, as after a change of the secret', () => {
    const [old, now] = [sign(payload, { by: Buffer.from('another key') }), sign(payload)];
    const both = `${old['webhook-signature']} ${now['webhook-signature']}`;
    expect(unwrapWebhook(payload, { ...now, 'webhook-signature': both }, secret)).toEqual(JSON.parse(payload));
  });

  it('takes a secret with a line end, and says what is wrong with a parsed body and with another secret', () => {
    const headers = sign(payload);
    expect(unwrapWebhook(payload, headers, ` ${secret}\n`)).toEqual(JSON.parse(payload));
    expect(() => unwrapWebhook(JSON.parse(payload) as string, headers, secret)).toThrow(
      /the body as received.*a parsed body cannot be checked/,
    );
    for (const wrong of ['', `v1,${secret}`, `"${secret}"`, undefined as unknown as string])
      expect(() => unwrapWebhook(payload, headers, wrong)).toThrow(/whsec_ followed by Base64/);
  });

  it.each<[string, string, Record<string, string>]>([
    ['another body', `${payload} `, sign(payload)],
    ['another key', payload, sign(payload, { by: Buffer.from('another key') })],
    ['an old message', payload, sign(payload, { at: Date.now() - 10 * 60_000 })],
    ['one from the future', payload, sign(payload, { at: Date.now() + 10 * 60_000 })],
    ['no signature', payload, { 'webhook-id': 'msg_1', 'webhook-timestamp': '1' }],
  ])('refuses %s', (_, body, headers) => {
    expect(() => unwrapWebhook(body, headers, secret)).toThrow(WebhookSignatureError);
  });
});
