// Limits the time and total size of request bodies, so that callers who send slowly or much do not delay others.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerConnectionError } from '../errors/connection-errors.ts';
import { ApiError } from '../errors/api-error.ts';
import { handleUnknownRoute } from '../errors/error-handler.ts';
import type { AllowedMethods } from '../http/allowed-methods.ts';
import type { ApiServer } from '../http/api-server.ts';
import { hasBody } from '../http/has-body.ts';

export interface BodyLimits {
  /** Maximum time in milliseconds from the headers to the end of a body that is read as a whole. */
  arrivalMs: number;
  /** Bytes of all bodies that are read as a whole at one time. */
  bytes: number;
  bytesPerKey: number;
}
const MEGABYTE = 1024 ** 2;
export const USUAL_BODY_LIMITS: BodyLimits = { arrivalMs: 15_000, bytes: 64 * MEGABYTE, bytesPerKey: 16 * MEGABYTE };
const RETRY_SECONDS = 5;

/** Runs before all other hooks. */
export function registerBodyArrival(app: ApiServer, { arrivalMs }: BodyLimits, allowed: AllowedMethods): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!hasBody(request)) return;
    if (request.routeOptions.config.streamsBody) {
      // The rest of a refused upload is read, because many clients read no response before they have sent everything.
      reply.raw.once('finish', () => endLate(request, reply, arrivalMs));
    } else endLate(request, reply, arrivalMs);
    // The body of a request without a route is not read.
    if (request.is404) {
      handleUnknownRoute(request, reply, allowed);
      return reply;
    }
  });
}

/** Runs after authentication. */
export function registerBodyBudget(app: ApiServer, { bytes: most, bytesPerKey }: BodyLimits): void {
  let total = 0;
  const ofKeys = new Map<string, number>();
  app.addHook('preParsing', async (request, reply) => {
    if (!hasBody(request) || request.routeOptions.config.streamsBody) return;
    const { keyId } = request.caller;
    const size = Math.min(Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY), request.routeOptions.bodyLimit ?? 0);
    const ofKey = ofKeys.get(keyId) ?? 0;
    // A single body is always accepted, however large the limit of its route is.
    if (total > 0 && (total + size > most || (ofKey > 0 && ofKey + size > bytesPerKey))) {
      reply.header('retry-after', RETRY_SECONDS);
      throw new ApiError(
        'overloaded',
        `The service is reading as many request bodies as it can hold. Try again in ${RETRY_SECONDS} seconds.`,
      );
    }
    total += size;
    ofKeys.set(keyId, ofKey + size);
    reply.raw.once('close', () => {
      total -= size;
      const left = (ofKeys.get(keyId) ?? 0) - size;
      if (left > 0) ofKeys.set(keyId, left);
      else ofKeys.delete(keyId);
    });
  });
}

/** Ends the connection if the body has not arrived after `milliseconds`; sends a response first if none was sent. */
function endLate({ raw, log }: FastifyRequest, reply: FastifyReply, milliseconds: number): void {
  if (raw.complete || raw.destroyed) return;
  const timer = setTimeout(() => {
    if (raw.complete) return;
    if (reply.raw.headersSent) raw.destroy();
    else
      answerConnectionError(
        Object.assign(new Error('the body did not arrive in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }),
        raw.socket,
        log,
      );
  }, milliseconds).unref();
  const stop = () => clearTimeout(timer);
  raw.once('end', stop).once('close', stop);
}
