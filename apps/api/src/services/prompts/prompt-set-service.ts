// Prompt sets: those of the project and those that ship with the service, found by id, name or name@version.
import { createHash } from 'node:crypto';
import { ID_PREFIXES, SHIPPED_PROMPT_SETS } from '@styleforge/contracts';
import type { CreatePromptSetRequest, PageQuery } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { Database, PromptSetRow, PromptSetSummaryRow, RowPage } from '@styleforge/database';
import { ApiError } from '../../errors/api-error.ts';

export interface ListedPromptSet {
  id: string;
  name: string;
  version: number;
  description: string;
  promptCount: number;
  sha256: string;
  shipped: boolean;
  createdAt: Date | null;
  notes: string;
  starred: boolean;
  metadata: unknown;
}
export type FoundPromptSet = ListedPromptSet & { prompts: string[] };

/** Identity of the prompts in reports, so that results for different prompts are not compared. */
export function promptsSha256(prompts: readonly string[]): string {
  return createHash('sha256').update(prompts.join('\n')).digest('hex');
}

const shippedSets: FoundPromptSet[] = SHIPPED_PROMPT_SETS.map(({ prompts, ...set }) => ({
  ...set,
  id: set.name,
  prompts: [...prompts],
  promptCount: prompts.length,
  sha256: promptsSha256(prompts),
  shipped: true,
  createdAt: null,
  notes: '',
  starred: false,
  metadata: {},
}));

/** Whether the id is that of a shipped prompt set; its id is its name. */
export const isShippedPromptSet = (id: string): boolean => shippedSets.some((set) => set.id === id);

const ownSet = (row: PromptSetRow): FoundPromptSet => ({ ...row, promptCount: row.prompts.length, shipped: false });
const ownListed = (row: PromptSetSummaryRow): ListedPromptSet => ({ ...row, shipped: false });

type NewSet = { projectId: string; body: CreatePromptSetRequest; reservedUuid: string | undefined };

export async function createPromptSet(database: Database, { projectId, body, reservedUuid }: NewSet): Promise<FoundPromptSet> {
  if (isShippedPromptSet(body.name)) {
    const detail = `${body.name} is the name of a prompt set that ships with the service; choose another name`;
    throw new ApiError('validation_failed', `/name: ${detail}`, [{ pointer: '/name', detail }]);
  }
  const id = newId('promptSet', reservedUuid);
  return ownSet(await database.promptSets.create({ id, projectId, ...body, sha256: promptsSha256(body.prompts) }));
}

/** Finds a prompt set; null if the project has no such set. */
export async function findPromptSet(database: Database, projectId: string, reference: string): Promise<FoundPromptSet | null> {
  const [name = '', version] = reference.split('@');
  const shipped = shippedSets.find((set) => set.name === name && (version === undefined || set.version === Number(version)));
  if (shipped) return shipped;
  const byId =
    name.startsWith(`${ID_PREFIXES.promptSet}_`) && version === undefined ? await database.promptSets.find(projectId, name) : null;
  const row = byId ?? (await database.promptSets.findVersion(projectId, name, version === undefined ? undefined : Number(version)));
  return row && ownSet(row);
}

/** The project's own ones, newest first, then those that ship with the service. */
export async function listPromptSets(database: Database, projectId: string, page: PageQuery): Promise<RowPage<ListedPromptSet>> {
  const lastShipped = shippedSets.findIndex(({ id }) => id === page.after);
  const own = lastShipped >= 0 ? { rows: [], hasMore: false } : await database.promptSets.list(projectId, page);
  const listed = [...own.rows.map(ownListed), ...(own.hasMore ? [] : shippedSets.slice(lastShipped + 1))];
  return { rows: listed.slice(0, page.limit), hasMore: own.hasMore || listed.length > page.limit };
}
