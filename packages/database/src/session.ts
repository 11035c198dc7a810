// The settings of a connection that statements rely on, because a server, a database or a user may preset others.
import pg from 'pg';

/**
 * The driver reads times as UTC in ISO format and numbers with all their digits, and transactions lock rows for the level `read committed`.
 * A SET statement has priority over all presets, also over those in DATABASE_URL.
 */
const SETTINGS = [
  "set timezone to 'UTC'",
  "set datestyle to 'ISO, MDY'",
  'set extra_float_digits to 1',
  "set default_transaction_isolation to 'read committed'",
].join('; ');

/** Applies the settings to a new connection, before its first statement. */
export async function setSession(client: pg.ClientBase): Promise<void> {
  await client.query(SETTINGS);
}

/** A pool whose connections have the settings. It waits for them, which the type of `onConnect` does not say. */
export const openPool = (config: pg.PoolConfig): pg.Pool =>
  new pg.Pool({ ...config, onConnect: setSession as (client: pg.ClientBase) => void });
