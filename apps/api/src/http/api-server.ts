// Types of the Fastify instance for routes: schemas are zod, and requests have a caller.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiKeyScope } from '@styleforge/contracts';
import type { ApiKeyIdentity } from '@styleforge/database';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';

/** `replay` sends the stored response with it. */
export type StoredUploadAnswer = { fingerprint: string; replay(): FastifyReply };

/** Caller of a request. `credential`: the API key or session token that the request sent. */
export type Caller = ApiKeyIdentity & { credential: string; session: { id: string; expiresAt: Date } | null };

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication plugin on every route under /v1. */
    caller: Caller;
    /** UUID of the new row of an idempotent request; undefined without an Idempotency-Key. */
    reservedUuid: string | undefined;
    /** Stored response to send if this upload is a repetition of the first request with its Idempotency-Key. */
    storedAnswer: StoredUploadAnswer | undefined;
    /** Fingerprint of an upload, which its route sets after reading it. */
    uploadFingerprint: string | undefined;
  }
  interface FastifyContextConfig {
    /**
     * Whether the route honours Idempotency-Key. `secret`: its response is stored encrypted, because only the caller that received it
     * may read it again.
     */
    idempotent?: boolean | 'upload' | 'secret';
    /** Whether the route reads its body part by part, so that the whole body has no time limit. */
    streamsBody?: boolean;
    /** Scope that a key needs to call the route. Default: `read` for GET, `write` for the rest. */
    scope?: ApiKeyScope;
  }
}

export type ApiServer = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;
