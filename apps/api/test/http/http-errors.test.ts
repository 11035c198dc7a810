// Requests that HTTP itself finds wrong: every response is a problem document, on a real connection too.
import { connect } from 'node:net';
import { startApi } from '@styleforge/api';
import { exampleId } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

let api: ApiFixture;
let server: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  api = await startApiFixture();
  server = await startApi({ ...api.options, host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.close();
  await api.close();
});

async function send(method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer) {
  const answer = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${api.key}`, ...headers },
    ...(body !== undefined && { body: body as RequestInit['body'] }),
  });
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    headers: answer.headers,
    body: (await answer.json()) as Record<string, unknown>,
  };
}
const json = { 'content-type': 'application/json' };

describe('a request that is refused before it reaches a route', () => {
  it.each<[number, string, string, string, Record<string, string>, string | Buffer | undefined]>([
    [404, 'not_found', 'GET', '/nowhere', {}, undefined],
    [404, 'not_found', 'GET', '/v1/nowhere', {}, undefined],
    [404, 'not_found', 'GET', '/v1/datasets/', {}, undefined],
    [400, 'invalid_request', 'GET', '/v1/datasets/%zz', {}, undefined],
    [404, 'not_found', 'GET', `/v1/datasets/${'x'.repeat(300)}`, {}, undefined],
    [405, 'method_not_allowed', 'PUT', '/v1/datasets', {}, undefined],
    [405, 'method_not_allowed', 'PUT', '/v1/training-jobs/job_x', json, '{}'],
    [405, 'method_not_allowed', 'POST', '/healthz', {}, undefined],
    [405, 'method_not_allowed', 'QUERY', '/v1/datasets', {}, undefined],
    [405, 'method_not_allowed', 'PATCH', '/v1/datasets', json, '{'],
    [406, 'not_acceptable', 'POST', '/v1/datasets', { ...json, accept: 'text/html' }, '{"name":"x","kind":"aux"}'],
    [413, 'payload_too_large', 'POST', '/v1/datasets', json, JSON.stringify({ name: 'x'.repeat(2 ** 20), kind: 'aux' })],
    [415, 'unsupported_media_type', 'POST', '/v1/datasets', { 'content-type': 'application/xml' }, '<x/>'],
    [415, 'unsupported_media_type', 'POST', '/v1/datasets', { 'content-type': 'nonsense' }, 'x'],
    [415, 'unsupported_media_type', 'POST', '/v1/datasets', { 'content-type': 'text/plain' }, '{"name":"x","kind":"aux"}'],
    [415, 'unsupported_media_type', 'POST', '/v1/datasets', { ...json, 'content-encoding': 'gzip' }, '{"name":"x","kind":"aux"}'],
    [400, 'invalid_request', 'POST', '/v1/datasets', json, '{"name":'],
    [400, 'invalid_request', 'POST', '/v1/datasets', json, '['.repeat(5000) + ']'.repeat(5000)],
    [400, 'invalid_request', 'POST', '/v1/datasets', json, '{"name":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
    [422, 'validation_failed', 'POST', '/v1/datasets', json, '['.repeat(60) + ']'.repeat(60)],
    [400, 'invalid_request', 'POST', '/v1/datasets', json, Buffer.from('{"name":"\xff","kind":"aux"}', 'latin1')],
    [400, 'invalid_request', 'POST', '/v1/datasets', json, '{"__proto__":{"admin":true},"name":"x","kind":"aux"}'],
    [422, 'validation_failed', 'POST', '/v1/datasets', json, '[]'],
    [422, 'validation_failed', 'POST', '/v1/datasets', json, ''],
    [422, 'validation_failed', 'POST', '/v1/datasets', { ...json, 'idempotency-key': 'x'.repeat(256) }, '{"name":"x","kind":"aux"}'],
  ])('%i %s: %s %s', async (status, code, method, path, headers, body) => {
    const answer = await send(method, path, headers, body);
    expect([answer.status, answer.type, answer.body['code'], answer.body['status']]).toEqual([
      status,
      'application/problem+json',
      code,
      status,
    ]);
    expect(answer.body['request_id']).toBe(answer.headers.get('x-request-id'));
    expect(answer.body['type']).toBe(`/docs/errors#${code}`);
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/GET/);
  });

  it('gets the place where its JSON is invalid', async () => {
    const answer = await send('POST', '/v1/datasets', json, '{"name":"x" "kind":"aux"}');
    expect(answer.body).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringMatching(/^The body is not valid JSON: .* position 12/),
    });
    const poisoned = await send('POST', '/v1/datasets', json, '{"__proto__":{},"name":"x"}');
    expect(poisoned.body['detail']).toMatch(/^The body has a field named __proto__/);
  });

  it('gets the type of body that would be accepted', async () => {
    const json = await send('POST', '/v1/datasets', { 'content-type': 'application/xml' }, '<x/>');
    const upload = await send('POST', `/v1/datasets/${exampleId('dataset')}/images`, { 'content-type': 'image/png' }, 'x');
    expect([json.body['detail'], upload.body['detail']]).toEqual([
      'Send the body as application/json, not as application/xml.',
      'Send the body as multipart/form-data, not as image/png.',
    ]);
  });

  it.each<[string, string, object, string, RegExp]>([
    [
      'a name of metadata',
      '/v1/training-jobs',
      { method: 'dreambooth', base_model: 'tiny', style_ref: { dataset_id: exampleId('dataset') }, metadata: { 'a:b': 'c' } },
      '/metadata/a:b',
      /^its name must have 1 to 64 characters and no colon$/,
    ],
    [
      'what may be a list or a text, and is neither',
      '/v1/evaluations',
      { model: 'tiny', prompts: 5 },
      '/prompts',
      /^must be a list, and is 5, or: must be a text, and is 5$/,
    ],
    ['a text that is missing', '/v1/datasets', { kind: 'aux' }, '/name', /^is missing: it must be a text$/],
    ['a choice that is missing', '/v1/datasets', { name: 'x' }, '/kind', /^is missing: it must be one of "style_ref", "aux"$/],
    [
      'a part that is missing',
      '/v1/training-jobs',
      { method: 'dreambooth', base_model: 'tiny' },
      '/style_ref',
      /^is required: name a dataset of StyleRef images$/,
    ],
    ['a wrong choice', '/v1/datasets', { name: 'x', kind: 'other' }, '/kind', /^must be one of "style_ref", "aux"$/],
    [
      'an item of what may be a list or a text',
      '/v1/evaluations',
      { model: 'tiny', prompts: ['a house', 5] },
      '/prompts/1',
      /^must be a text, and is 5$/,
    ],
  ])('says what is wrong with %s', async (_case, path, body, pointer, detail) => {
    const answer = await send('POST', path, json, JSON.stringify(body));
    expect([answer.status, answer.body['errors']]).toEqual([422, [{ pointer, detail: expect.stringMatching(detail) as string }]]);
  });

  it.each([
    ['no HTTP at all', 'HELLO\r\n\r\n', 400, 'invalid_request'],
    ['headers without end', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ])('%s', async (_case, text, status, code) => {
    const answer = await new Promise<string>((done, fail) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(text));
      let received = '';
      socket
        .on('data', (chunk) => (received += chunk.toString()))
        .on('close', () => done(received))
        .on('error', fail);
    });
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*application/problem\\+json`));
    expect(JSON.parse(body)).toMatchObject({ status, code });
  });
});
