// Browser sessions: a cookie instead of an API key, and who the caller is.
import { z } from 'zod';
import { API_KEY_SCOPES } from './api-keys.ts';
import { apiKeyId } from '../common/ids.ts';
import { timestamp } from '../common/pages.ts';

export const SESSION_DAYS = 7;
export const SESSION_COOKIE = 'styleforge_session';
export const CSRF_HEADER = 'x-csrf-token';

export const session = z
  .object({
    csrf_token: z.string().describe('Value of the header `X-CSRF-Token`, which every request of this session except GET needs'),
    expires_at: timestamp.describe(`${SESSION_DAYS} days after signing in, or when the API key expires`),
  })
  .meta({ id: 'Session' });
export type SessionBody = z.infer<typeof session>;

export const me = z
  .object({
    project: z.object({ id: z.string().describe('Id of the project that the API key belongs to'), name: z.string() }),
    api_key: z.object({
      id: apiKeyId,
      name: z.string(),
      hint: z.string().describe('First characters of the key'),
      scopes: z.array(z.enum(API_KEY_SCOPES)),
      expires_at: timestamp.nullable(),
    }),
    session: session.nullable().describe('The session that the request belongs to; null for a request with an API key'),
    service: z.object({ version: z.string().describe('Version of StyleForge') }),
  })
  .meta({ id: 'Me', description: 'Who the caller is' });
export type MeBody = z.infer<typeof me>;
