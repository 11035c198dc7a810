// Whether a request announces a body.
import type { FastifyRequest } from 'fastify';

export function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
