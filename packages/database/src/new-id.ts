// New ids: a prefix for the kind, and a UUIDv7.
import { ID_PREFIXES } from '@styleforge/contracts';
import type { IdKind } from '@styleforge/contracts';
import { uuidv7 } from 'uuidv7';

/** Returns a new id. `uuid` is given if the id was decided earlier, as for a request with an Idempotency-Key. */
export function newId(kind: IdKind, uuid: string = uuidv7()): string {
  return `${ID_PREFIXES[kind]}_${uuid}`;
}
