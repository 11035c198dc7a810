// Responds to data that is not an HTTP request. No request exists for the framework, so the response is written directly to the socket.
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ERRORS } from '@styleforge/contracts';
import type { ErrorCode } from '@styleforge/contracts';
import type { FastifyBaseLogger } from 'fastify';
import { PROBLEM_TYPE, toProblem } from './error-handler.ts';

const CODES: Record<string, [ErrorCode, string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The headers of the request are too large.'],
};
const NO_HTTP: [ErrorCode, string] = ['invalid_request', 'This is not an HTTP/1.1 request.'];

export function answerConnectionError(error: Error & { code?: string }, socket: Socket, log: FastifyBaseLogger): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [code, detail] = CODES[error.code ?? ''] ?? NO_HTTP;
  const id = `req_${randomUUID()}`;
  log.info({ reqId: id, code, err: error }, 'connection refused');
  const { status } = ERRORS[code];
  const body = JSON.stringify(toProblem({ code, detail }, { id, instance: '' }));
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    'Connection: close',
  ];
  if (socket.writable) socket.write(`${headers.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
