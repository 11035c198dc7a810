// Creates, lists and revokes API keys; returns the text for the terminal.
import { createApiKeyRequest } from '@styleforge/contracts';
import type { ApiKeyRow, Database } from '@styleforge/database';

export type KeyOptions = {
  name?: string | undefined;
  scopes?: string | undefined;
  project?: string | undefined;
  expires?: string | undefined;
};

/** Thrown for wrong arguments; the message names the fault. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const FIRST_PROJECT = 'default';
const PAGE = 100;

export async function manageKeys(database: Database, [action, ...rest]: string[], options: KeyOptions): Promise<string> {
  switch (action) {
    case 'create':
      return createKey(database, options);
    case 'list':
      return listKeys(database, options.project ?? FIRST_PROJECT);
    case 'revoke':
      return revokeKey(database, rest[0]);
    default:
      throw new UsageError(`${action ?? 'nothing'} is not an action: use create, list or revoke`);
  }
}

async function createKey({ apiKeys }: Database, { name, scopes, project = FIRST_PROJECT, expires }: KeyOptions): Promise<string> {
  const parsed = createApiKeyRequest.safeParse({ name, scopes: scopes?.split(','), expires_at: expires && toTime(expires) });
  if (!parsed.success)
    throw new UsageError(parsed.error.issues.map(({ path, message }) => `--${String(path[0]).replace('_at', '')}: ${message}`).join('\n'));
  const expiresAt = parsed.data.expires_at ? new Date(parsed.data.expires_at) : null;
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) throw new UsageError('--expires: must be in the future');
  const { projectId } = (await apiKeys.findProject(project)) ?? (await apiKeys.createProject(project));
  const { keyId, key } = await apiKeys.create(projectId, parsed.data.name, parsed.data.scopes, { expiresAt });
  return `${key}\n\n${keyId} of project ${project} may ${parsed.data.scopes.join(', ')}. The key is shown only once.`;
}

async function listKeys({ apiKeys }: Database, project: string): Promise<string> {
  const found = await apiKeys.findProject(project);
  if (found === null) throw new UsageError(`--project: there is no project ${project}`);
  const keys: ApiKeyRow[] = [];
  for (let after: string | undefined, more = true; more; after = keys.at(-1)?.id) {
    const { rows, hasMore } = await apiKeys.list(found.projectId, { limit: PAGE, after });
    keys.push(...rows);
    more = hasMore;
  }
  return keys.map(describeKey).join('\n') || `The project ${project} has no keys.`;
}

async function revokeKey({ apiKeys }: Database, id: string | undefined): Promise<string> {
  if (id === undefined) throw new UsageError('revoke: name the id of the key, as list shows it');
  const row = await apiKeys.revoke(id);
  if (row === null) throw new UsageError(`revoke: there is no key ${id}`);
  return describeKey(row);
}

function describeKey({ id, keyHint, name, scopes, lastUsedAt, expiresAt, revokedAt }: ApiKeyRow): string {
  const used = lastUsedAt === null ? 'never used' : `last used ${lastUsedAt.toISOString()}`;
  const end =
    revokedAt !== null
      ? `revoked ${revokedAt.toISOString()}`
      : expiresAt === null
        ? 'does not expire'
        : `expires ${expiresAt.toISOString()}`;
  return [id, `${keyHint}...`, scopes.join(','), used, end, name].join('  ');
}

function toTime(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}
