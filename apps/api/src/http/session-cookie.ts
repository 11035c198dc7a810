// The cookie of a browser session, and the CSRF token that belongs to it.
import { createHash, timingSafeEqual } from 'node:crypto';
import { SESSION_COOKIE } from '@styleforge/contracts';
import type { FastifyRequest } from 'fastify';

/** Token of the session; undefined if the request has no session cookie. */
export function sessionTokenOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  for (const pair of headers.cookie?.split(';') ?? []) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === SESSION_COOKIE && value) return value;
  }
  return undefined;
}

/** Scripts cannot read it, and other sites cannot make a browser send it. */
export function sessionCookie(request: FastifyRequest, token: string, expiresAt: Date): string {
  const seconds = Math.max(0, Math.floor((expiresAt.getTime() - Date.now()) / 1000));
  return `${SESSION_COOKIE}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isEncrypted(request) ? '; Secure' : ''}`;
}

export function clearedCookie(request: FastifyRequest): string {
  return sessionCookie(request, '', new Date(0));
}

/** CSRF token, derived from the session token that a page cannot read. The page gets it from a response. */
export function csrfTokenOf(sessionToken: string): string {
  return createHash('sha256').update(`styleforge csrf ${sessionToken}`).digest('base64url');
}

export function isCsrfToken(given: unknown, sessionToken: string): boolean {
  const expected = Buffer.from(csrfTokenOf(sessionToken));
  const actual = Buffer.from(typeof given === 'string' ? given : '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/**
 * Whether the caller's connection is encrypted, also behind an ingress that ends TLS. A caller that forges the header gets a cookie that
 * its own browser sends less often.
 */
function isEncrypted({ protocol, headers }: FastifyRequest): boolean {
  return protocol === 'https' || headers['x-forwarded-proto'] === 'https';
}
