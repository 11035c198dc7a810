// Idempotency-Key: stores the first response to a POST for a day and sends it again for repeated requests.
import { createHash } from 'node:crypto';
import type { Database, StoredResponse } from '@styleforge/database';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';
import { HeldLock } from '../http/held-lock.ts';
import { openAnswer, sealAnswer } from '../http/sealed-answer.ts';

const HEADER = 'idempotency-key';
const MAX_KEY_LENGTH = 255;
/** Stored with the headers of an upload's response, but never sent. */
const FINGERPRINT = 'upload-fingerprint';
const KEPT_HEADERS = ['content-type', 'location'];
/** Header of a secret response, stored encrypted like its body. */
const COOKIE = 'set-cookie';
/** Maximum time for which keys stay locked after the death of their process. */
const LOCK_MS = 60_000;
/** Longer than a second, because the first request may be a large upload, and each repetition sends all of it again. */
const RETRY_SECONDS = 3;

/**
 * Runs after validation, so that a request that was refused as invalid leaves no trace. `lockMs`: how long a key stays locked after its
 * request's process has died.
 */
export function registerIdempotency(app: ApiServer, { idempotencyKeys }: Database, lockMs = LOCK_MS): void {
  const running = new WeakMap<FastifyRequest, HeldLock>();
  app.decorateRequest('reservedUuid');
  app.decorateRequest('storedAnswer');
  app.decorateRequest('uploadFingerprint');

  app.addHook('preHandler', async (request, reply) => {
    const key = keyOf(request);
    if (key === undefined) return;
    const decision = await idempotencyKeys.begin(request.caller.projectId, key, hashOf(request), lockMs);
    switch (decision.kind) {
      case 'run':
        running.set(request, new HeldLock(idempotencyKeys, decision.lock, { lockMs, log: request.log }));
        request.reservedUuid = decision.reservedUuid;
        return;
      case 'replay':
        if (request.routeOptions.config.idempotent !== 'upload') return replay(reply, opened(request, decision.response));
        // Whether it is the same upload is known only after reading it.
        request.storedAnswer = {
          fingerprint: decision.response.headers[FINGERPRINT] ?? '',
          replay: () => replay(reply, decision.response),
        };
        return;
      case 'in_progress':
        reply.header('retry-after', RETRY_SECONDS);
        throw new ApiError(
          'idempotency_in_progress',
          `The first request with this Idempotency-Key is still running. Try again in ${RETRY_SECONDS} seconds.`,
        );
      case 'other_request':
        throw keyReused();
    }
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const held = running.get(request);
    if (held === undefined) return payload;
    running.delete(request);
    const lock = await held.end();
    if (lock === null) return payload;
    if (reply.statusCode < 300) await idempotencyKeys.complete(lock, toStored(request, reply, payload));
    else await idempotencyKeys.release(lock);
    return payload;
  });
}

function keyOf(request: FastifyRequest): string | undefined {
  const key = request.headers[HEADER];
  if (key === undefined || !request.routeOptions.config.idempotent) return undefined;
  if (typeof key === 'string' && key.length >= 1 && key.length <= MAX_KEY_LENGTH) return key;
  const detail = `must have 1 to ${MAX_KEY_LENGTH} characters`;
  throw new ApiError('validation_failed', `Idempotency-Key ${detail}.`, [{ pointer: 'Idempotency-Key', detail }]);
}

export function keyReused(): ApiError {
  return new ApiError('idempotency_key_reused', 'This Idempotency-Key was used with another request. Use a new key for a new request.');
}

/** Hash of the request. For a secret response it includes the caller's key, so that only the same caller can repeat the request. */
function hashOf(request: FastifyRequest): string {
  const { keyId, session } = request.caller;
  const caller = isSecret(request) ? `\n${session?.id ?? keyId}` : '';
  return createHash('sha256')
    .update(`${request.method} ${request.url}\n${canonicalJson(request.body)}${caller}`)
    .digest('hex');
}

const isSecret = (request: FastifyRequest): boolean => request.routeOptions.config.idempotent === 'secret';

function opened(request: FastifyRequest, response: StoredResponse): StoredResponse {
  if (!isSecret(request)) return response;
  const open = (sealed: unknown) => openAnswer(String(sealed), request.caller.credential);
  const { [COOKIE]: cookie, ...headers } = response.headers;
  return {
    ...response,
    headers: { ...headers, ...(cookie !== undefined && { [COOKIE]: String(open(cookie)) }) },
    body: open(response.body),
  };
}

/** Serializes a body with sorted fields, so that their order does not matter. */
function canonicalJson(value: unknown): string {
  const sortFields = (_key: string, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify(value, sortFields) ?? '';
}

function toStored(request: FastifyRequest, reply: FastifyReply, payload: unknown): StoredResponse {
  const headers = Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => (reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : [])),
  );
  if (request.uploadFingerprint !== undefined) headers[FINGERPRINT] = request.uploadFingerprint;
  const body: unknown = JSON.parse(String(payload));
  if (!isSecret(request)) return { status: reply.statusCode, headers, body };
  const seal = (part: unknown) => sealAnswer(part, request.caller.credential);
  if (reply.hasHeader(COOKIE)) headers[COOKIE] = seal(reply.getHeader(COOKIE));
  return { status: reply.statusCode, headers, body: seal(body) };
}

function replay(reply: FastifyReply, { status, headers, body }: StoredResponse): FastifyReply {
  reply.serializer(JSON.stringify as (payload: unknown) => string);
  const { [FINGERPRINT]: _fingerprint, ...shown } = headers;
  return reply
    .code(status)
    .headers({ ...shown, 'idempotency-replayed': 'true' })
    .send(body);
}
