// A browser session as a response body.
import type { SessionBody } from '@styleforge/contracts';
import { csrfTokenOf } from '../http/session-cookie.ts';

export function presentSession(token: string, expiresAt: Date): SessionBody {
  return { csrf_token: csrfTokenOf(token), expires_at: expiresAt.toISOString() };
}
