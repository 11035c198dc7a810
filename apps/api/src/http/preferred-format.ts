// Which of a route's formats a caller likes best, by its header Accept (RFC 9110).
import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';

/** The first one of those that it likes equally; undefined when it takes none of them. */
export function preferredFormat<Format extends string>(request: FastifyRequest, offered: readonly Format[]): Format | undefined {
  return new Negotiator(request.raw).mediaType([...offered]) as Format | undefined;
}
