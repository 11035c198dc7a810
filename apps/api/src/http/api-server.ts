// The Fastify instance as routes see it: schemas are zod, requests know their caller.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiKeyIdentity } from '@styleforge/database';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication plugin on every route under /v1. */
    caller: ApiKeyIdentity;
    /** The UUID that an idempotent request's new row gets; undefined without an Idempotency-Key. */
    reservedUuid: string | undefined;
  }
  interface FastifyContextConfig {
    /** The route honours Idempotency-Key. */
    idempotent?: boolean;
  }
}

export type ApiServer = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;
