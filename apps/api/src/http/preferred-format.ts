// Selects the format of a route that the caller prefers according to its header Accept (RFC 9110).
import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';

/** The first of equally preferred formats; undefined if the caller accepts none of them. */
export function preferredFormat<Format extends string>(request: FastifyRequest, offered: readonly Format[]): Format | undefined {
  return new Negotiator(request.raw).mediaType([...offered]) as Format | undefined;
}
