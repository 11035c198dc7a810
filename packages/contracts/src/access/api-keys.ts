// API keys: their scopes, and the response that shows a new key once.
import { z } from 'zod';
import { requiredText } from '../common/text.ts';
import { apiKeyId } from '../common/ids.ts';
import { pageOf, timestamp } from '../common/pages.ts';

/** `admin` includes the other two. */
export const API_KEY_SCOPES = ['read', 'write', 'admin'] as const;
const apiKeyScope = z.enum(API_KEY_SCOPES).meta({ id: 'ApiKeyScope' });
export type ApiKeyScope = z.infer<typeof apiKeyScope>;

export const createApiKeyRequest = z
  .strictObject({
    name: requiredText(200).describe('A name that shows people what the key is for'),
    scopes: z
      .array(apiKeyScope)
      .min(1)
      .max(API_KEY_SCOPES.length)
      .refine((scopes) => new Set(scopes).size === scopes.length, 'must name each scope once')
      .meta({ uniqueItems: true })
      .default(['read', 'write'])
      .describe('`read`: all GET requests; `write`: everything else except API keys; `admin`: everything, including API keys'),
    expires_at: timestamp.nullable().optional().describe('When the key expires. Omit or null for a key that never expires'),
  })
  .meta({ id: 'CreateApiKeyRequest', examples: [{ name: 'nightly training', scopes: ['read', 'write'] }] });
export type CreateApiKeyRequest = z.infer<typeof createApiKeyRequest>;

export const apiKey = z
  .object({
    id: apiKeyId,
    name: z.string(),
    scopes: z.array(apiKeyScope),
    hint: z.string().describe('First characters of the key'),
    created_at: timestamp,
    expires_at: timestamp.nullable(),
    last_used_at: timestamp.nullable().describe('Time of the last request with the key, to the minute'),
    revoked_at: timestamp.nullable(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyBody = z.infer<typeof apiKey>;

export const createdApiKey = apiKey.extend({ key: z.string().describe('The key itself, shown only once') }).meta({ id: 'CreatedApiKey' });
export type CreatedApiKeyBody = z.infer<typeof createdApiKey>;

export const apiKeyPage = pageOf(apiKey, 'ApiKeyPage');
