// The Fastify instance as routes see it: schemas are zod, requests know their caller.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiKeyScope } from '@styleforge/contracts';
import type { ApiKeyIdentity } from '@styleforge/database';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';

/** `replay` sends the stored response with it. */
export type StoredUploadAnswer = { fingerprint: string; replay(): FastifyReply };

/** Who makes a request. `credential`: what it has proved that with, a key or the token of a session. */
export type Caller = ApiKeyIdentity & { credential: string; session: { id: string; expiresAt: Date } | null };

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication plugin on every route under /v1. */
    caller: Caller;
    /** The UUID that an idempotent request's new row gets; undefined without an Idempotency-Key. */
    reservedUuid: string | undefined;
    /** The response to send when this upload turns out to be the one that its Idempotency-Key was first used for. */
    storedAnswer: StoredUploadAnswer | undefined;
    /** Set by the route of an upload when it has read it. */
    uploadFingerprint: string | undefined;
  }
  interface FastifyContextConfig {
    /**
     * Whether the route honours Idempotency-Key. `secret`: its response is stored encrypted, because only the caller that received it
     * may read it again.
     */
    idempotent?: boolean | 'upload' | 'secret';
    /** The route reads its body part by part: no limit of time for the whole of it. */
    streamsBody?: boolean;
    /** Scope that a key needs to call the route. Default: `read` for GET, `write` for the rest. */
    scope?: ApiKeyScope;
  }
}

export type ApiServer = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;
