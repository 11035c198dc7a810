// Idempotency keys: the first request runs, and later ones with the same key get its response.
import { uuidv7 } from 'uuidv7';
import type { IdempotencyKey } from '../../generated/client.ts';
import { OWNER_LOCK } from '../../presence.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import type { Statements } from '../../statements.ts';

const KEPT_MS = 24 * 60 * 60 * 1000;

/** The lock of a key's running request. The end of a lock is unique for its key, so that it identifies the holder. */
export type IdempotencyLock = { projectId: string; key: string; lockedUntil: Date };
export type StoredResponse = { status: number; headers: Record<string, string>; body: unknown };
export type IdempotencyDecision =
  | { kind: 'run'; reservedUuid: string; lock: IdempotencyLock }
  | { kind: 'replay'; response: StoredResponse }
  | { kind: 'in_progress' }
  | { kind: 'other_request' };

type Client = { prisma: PrismaClient; statements: Statements };

/** Time after which a process whose connection broke has connected again. */
const RECONNECT_MS = 3_000;

/** `ownerOf`: the number by which other processes see whether this one is alive (presence.ts); null if they cannot. */
export function createIdempotencyKeyRepository({ prisma, statements }: Client, ownerOf: () => number | null = () => null) {
  return {
    /**
     * Lets exactly one of many concurrent requests with the same key run. If it neither ends nor renews its lock within `lockMs`
     * milliseconds, it counts as dead, and the next request takes over; within seconds if its whole process is gone.
     */
    async begin(projectId: string, key: string, requestHash: string, lockMs: number): Promise<IdempotencyDecision> {
      const now = Date.now();
      const [expiresAt, lockedUntil] = [new Date(now + KEPT_MS), new Date(now + lockMs)];
      const reservedUuid = uuidv7();
      const won = await statements.run<{ reservedUuid: string }>('begin_idempotency_key', BEGIN, [
        projectId,
        key,
        requestHash,
        reservedUuid,
        lockedUntil,
        expiresAt,
        ownerOf(),
        (lockMs - RECONNECT_MS) / 1_000,
        OWNER_LOCK,
      ]);
      if (won[0] !== undefined) return { kind: 'run', reservedUuid: won[0].reservedUuid, lock: { projectId, key, lockedUntil } };
      const row = await prisma.idempotencyKey.findUnique({ where: { projectId_key: { projectId, key } } });
      // The first request was refused between the two statements, and released its key.
      if (row === null) return { kind: 'in_progress' };
      return row.requestHash === requestHash ? decide(row) : { kind: 'other_request' };
    },

    /** Renews the lock and returns the new one; null if another request has taken over. */
    async renew(lock: IdempotencyLock, lockMs: number): Promise<IdempotencyLock | null> {
      // Later than the previous end, whatever the clock says.
      const lockedUntil = new Date(Math.max(Date.now() + lockMs, lock.lockedUntil.getTime() + 1));
      const { count } = await prisma.idempotencyKey.updateMany({ where: held(lock), data: { lockedUntil } });
      return count === 0 ? null : { ...lock, lockedUntil };
    },

    /** Stores the response. False if another request has taken over: then the response of that one is stored. */
    async complete(lock: IdempotencyLock, response: StoredResponse): Promise<boolean> {
      const { status, headers, body } = response;
      const values = [lock.projectId, lock.key, lock.lockedUntil, status, JSON.stringify(headers), JSON.stringify(body)];
      return (await statements.run('complete_idempotency_key', COMPLETE, values)).length > 0;
    },

    /** Releases the key, because refusals and failures are not stored. */
    async release(lock: IdempotencyLock): Promise<void> {
      await prisma.idempotencyKey.deleteMany({ where: held(lock) });
    },

    async deleteExpired(): Promise<number> {
      return (await prisma.idempotencyKey.deleteMany({ where: { expiresAt: { lt: new Date() } } })).count;
    },
  };
}

/** Condition: nobody holds the owner's lock, and the owner had time to take it again. */
const OWNER_IS_GONE = `
  kept.owner is not null and kept.locked_until < now() + make_interval(secs => $8::float8)
  and not exists (
    select from pg_locks where locktype = 'advisory' and granted and classid = $9::oid and objid = kept.owner and objsubid = 2
      and database = (select oid from pg_database where datname = current_database())
  )`;

/** Statement that replaces an expired key. The key of a dead request keeps its reserved id for the request that takes over. */
const BEGIN = `
  insert into idempotency_keys as kept (project_id, key, request_hash, reserved_uuid, locked_until, expires_at, owner)
  values ($1, $2, $3, $4::uuid, $5, $6, $7::int)
  on conflict (project_id, key) do update set
    request_hash = excluded.request_hash, locked_until = excluded.locked_until, expires_at = excluded.expires_at, owner = excluded.owner,
    reserved_uuid = case when kept.expires_at < now() then excluded.reserved_uuid else kept.reserved_uuid end,
    response_status = null, response_headers = null, response_body = null
  where kept.expires_at < now()
    or (kept.response_status is null and kept.request_hash = excluded.request_hash and (kept.locked_until < now() or ${OWNER_IS_GONE}))
  returning reserved_uuid::text as "reservedUuid"`;

const COMPLETE = `
  update idempotency_keys set response_status = $4, response_headers = $5::jsonb, response_body = $6::jsonb
  where project_id = $1 and key = $2 and locked_until = $3 and response_status is null returning true as done`;

const held = ({ projectId, key, lockedUntil }: IdempotencyLock) => ({ projectId, key, lockedUntil, responseStatus: null });

function decide(row: IdempotencyKey): IdempotencyDecision {
  if (row.responseStatus === null) return { kind: 'in_progress' };
  const headers = (row.responseHeaders ?? {}) as Record<string, string>;
  return { kind: 'replay', response: { status: row.responseStatus, headers, body: row.responseBody } };
}
